// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events when there is no memory for them: they are lost, and whoever listens is told
 * so by its socket.
 */
#include "phx_fault.h"
#include "phx_netlink.h"

/*
 * Reads what there is. Returns whether each was an event, or the error that says that
 * some were lost.
 */
static bool read_all(struct nl *nl, int *lost)
{
	struct nlmsghdr *nlh = (void *)nl->buf;
	ssize_t len;

	for (;;) {
		memset(nl->buf, 0, NLMSG_HDRLEN);
		len = recv(nl->fd, nl->buf, sizeof(nl->buf), MSG_DONTWAIT);
		if (len < 0 && errno == EAGAIN)
			return true;
		if (len < 0 && errno == ENOBUFS)
			++*lost;
		else if (len < 0 || !NLMSG_OK(nlh, (size_t)len) || nlh->nlmsg_type != nl->family)
			break;
	}
	fprintf(stderr, "# recv gives %zd, %s, of a message of %u bytes\n", len,
		len < 0 ? strerror(errno) : "no error", nlh->nlmsg_len);
	return false;
}

FIXTURE(fault_event) {
	struct limits_kept kept;
	struct nl nl;
	int fd;
};

FIXTURE_SETUP(fault_event)
{
	FAULTS_OR_SKIP(&self->kept);
	self->fd = dev_open(0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, nl_open(&self->nl));
	ASSERT_EQ(0, nl_join(&self->nl));
}

FIXTURE_TEARDOWN(fault_event)
{
	close(self->nl.fd);
	close(self->fd);
}

TEST_F_TIMEOUT(fault_event, is_lost_and_that_is_told, 300)
{
	int lost = 0, nth, err;
	bool hit = true;
	__u32 port;

	for (nth = 1; hit && nth < PLACES_MAX; nth++) {
		fault_arm(nth);
		err = port_create(self->fd, &port);
		hit = fault_disarm();
		ASSERT_TRUE(read_all(&self->nl, &lost));
		if (!err)
			ASSERT_EQ(0, port_destroy(self->fd, port));
		ASSERT_TRUE(read_all(&self->nl, &lost));
	}
	EXPECT_FALSE(hit);
	EXPECT_LT(0, lost);
}

TEST_HARNESS_MAIN
