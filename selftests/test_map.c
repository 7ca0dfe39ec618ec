// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way a buffer can reach the receiver, with every size and alignment that
 * may make a difference. Each byte is compared: what the server sees, what the
 * sender gets, and what lies beside on both sides and is nobody's business.
 */
#include "phx_map.h"

#define ARENA (2 * MIB)

/* One exchange. What the server writes is a part of the output, or all. */
struct job {
	bool stop;
	bool same;		/* the input lies in the arena of the output */
	__u64 timeout_ns;
	size_t i_off, i_len, o_off, o_len;
	size_t w_off, w_len;
};

struct sender {
	pid_t pid;
	int jobs;		/* to write to */
	int results;		/* to read from */
	__u32 port;
	int child_jobs, child_results;
};

/* Where within the arena the answer must be, and all else as it was. */
static int sender_verify(const struct job *job, const char *in, char *out)
{
	size_t begin = job->o_off + job->w_off, end = begin + job->w_len;
	size_t lo = job->o_off, hi = job->o_off + job->o_len;

	if (job->same && job->i_off < lo)
		lo = job->i_off;
	if (job->same && job->i_off + job->i_len > hi)
		hi = job->i_off + job->i_len;
	lo = lo >= PAGE ? page_begin(lo) - PAGE : 0;
	hi = page_end(hi) + PAGE;
	if (!holds_from(out + lo, begin - lo, SEED_OUT, lo))
		return 10;
	if (!holds(out + begin, job->w_len, SEED_ANSWER))
		return 11;
	if (!holds_from(out + end, hi - end, SEED_OUT, end))
		return 12;
	if (!job->same && !holds(in, page_end(job->i_off + job->i_len) + PAGE, SEED_IN))
		return 13;
	fill_from(out + begin, job->w_len, SEED_OUT, begin);
	return 0;
}

static int sender_main(void *arg)
{
	struct sender *snd = arg;
	char *in = memory(ARENA), *out = memory(ARENA);
	int fd = dev_open(0);
	struct job job;
	int result;

	CHECK(in && out && fd >= 0);
	fill(in, ARENA, SEED_IN);
	fill(out, ARENA, SEED_OUT);
	while (read(snd->child_jobs, &job, sizeof(job)) == sizeof(job) && !job.stop) {
		struct phx_ioc_send send = { .timeout_ns = job.timeout_ns };

		set_input(&send.msg, (job.same ? out : in) + job.i_off, job.i_len);
		set_output(&send.msg, out + job.o_off, job.o_len);
		result = msg_send_arg(fd, snd->port, &send);
		if (!result)
			result = sender_verify(&job, in, out);
		CHECK(write(snd->child_results, &result, sizeof(result)) == sizeof(result));
	}
	return 0;
}

static int sender_start(struct sender *snd, const struct server *srv)
{
	int jobs[2], results[2];

	if (pipe(jobs) || pipe(results))
		return -errno;
	snd->port = srv->port;
	snd->jobs = jobs[1];
	snd->results = results[0];
	snd->child_jobs = jobs[0];
	snd->child_results = results[1];
	snd->pid = child_run(srv->fd, sender_main, snd);
	return snd->pid < 0 ? -errno : 0;
}

static int sender_stop(struct sender *snd)
{
	struct job job = { .stop = true };

	if (write(snd->jobs, &job, sizeof(job)) != sizeof(job))
		return -1;
	return child_end(snd->pid);
}

FIXTURE(map) {
	struct server srv;
	struct sender snd;
	size_t lend_min;
};

/* @room: for copies, or none; @timeout_ns: has the kernel copy all first. */
FIXTURE_VARIANT(map) {
	size_t room;
	__u64 timeout_ns;
	bool partial;
};

FIXTURE_VARIANT_ADD(map, lent) {
};

FIXTURE_VARIANT_ADD(map, as_is_best) {
	.room = 2 * MIB,
};

FIXTURE_VARIANT_ADD(map, lent_written_in_part) {
	.partial = true,
};

FIXTURE_VARIANT_ADD(map, as_is_best_written_in_part) {
	.room = 2 * MIB,
	.partial = true,
};

FIXTURE_VARIANT_ADD(map, bounced) {
	.timeout_ns = 600000000000ULL,
	.partial = true,
};

FIXTURE_VARIANT_ADD(map, bounced_and_copied) {
	.timeout_ns = 600000000000ULL,
	.room = 2 * MIB,
	.partial = true,
};

FIXTURE_SETUP(map)
{
	struct phx_ioc_info info = { .size = sizeof(info) };

	SERVER_OR_SKIP(&self->srv, 4 * MIB, 4 * MIB);
	ASSERT_EQ(0, dev_ioctl(self->srv.fd, PHX_IOC_INFO, &info));
	self->lend_min = info.lend_min;
	ASSERT_EQ(0, sender_start(&self->snd, &self->srv));
}

FIXTURE_TEARDOWN(map)
{
	EXPECT_EQ(0, sender_stop(&self->snd));
	server_close(&self->srv);
}

/* Nothing but the buffer is to be seen in the pages that are lent. */
static bool edges_are_clean(__u64 at, size_t size)
{
	const char *p = (const char *)(uintptr_t)at;

	return all_are((const char *)page_begin(at), at - page_begin(at), 0) &&
	       all_are(p + size, page_end(at + size) - (at + size), 0);
}

/* What the server writes beside an output must get nowhere. */
static void spoil_edges(__u64 at, size_t size)
{
	char *p = (char *)(uintptr_t)at;

	memset((char *)page_begin(at), CANARY, at - page_begin(at));
	memset(p + size, CANARY, page_end(at + size) - (at + size));
}

#define CHECK_PLACE(class, at, off, size) do {					\
	ASSERT_EQ(size ? expect_class(self, variant, size) : PHX_CLASS_NONE, class); \
	if (class == PHX_CLASS_LEND) {						\
		ASSERT_EQ((off) % PAGE, (at) % PAGE);				\
		ASSERT_TRUE(edges_are_clean(at, size));				\
	} else if (class == PHX_CLASS_COPY) {					\
		ASSERT_EQ((off) % 64, (at) % 64);				\
	} else {								\
		ASSERT_EQ(0, at);						\
	}									\
} while (0)

static int expect_class(const FIXTURE_DATA(map) *self, const FIXTURE_VARIANT(map) *variant,
			size_t size)
{
	if (variant->room && size < self->lend_min)
		return PHX_CLASS_COPY;
	return PHX_CLASS_LEND;
}

static void exchange(struct __test_metadata *_metadata, FIXTURE_DATA(map) *self,
		     const FIXTURE_VARIANT(map) *variant, struct job *job)
{
	unsigned int in_seed = job->same ? SEED_OUT : SEED_IN;
	struct phx_ioc_recv got;
	int result;

	job->w_off = variant->partial ? job->o_len / 3 : 0;
	job->w_len = variant->partial ? (job->o_len + 1) / 3 : job->o_len;
	job->timeout_ns = variant->timeout_ns;
	ASSERT_EQ(sizeof(*job), write(self->snd.jobs, job, sizeof(*job)));
	ASSERT_EQ(0, server_recv_room(&self->srv, variant->room, &got));
	ASSERT_EQ(job->i_len, got.msg.i.size);
	ASSERT_EQ(job->o_len, got.msg.o.size);
	CHECK_PLACE(got.i_class, got.msg.i.data, job->i_off, job->i_len);
	CHECK_PLACE(got.o_class, got.msg.o.data, job->o_off, job->o_len);
	ASSERT_EQ(job->i_len, right_from(in_of(&got.msg), job->i_len, in_seed, job->i_off));
	ASSERT_EQ(job->o_len, right_from(out_of(&got.msg), job->o_len, SEED_OUT, job->o_off));

	if (got.o_class == PHX_CLASS_LEND)
		spoil_edges(got.msg.o.data, job->o_len);
	fill(out_of(&got.msg) + job->w_off, job->w_len, SEED_ANSWER);
	ASSERT_EQ(0, server_respond(&self->srv, &got));
	if (got.i_class == PHX_CLASS_LEND) {
		ASSERT_EQ(SIGBUS, probe_read(in_of(&got.msg)));
	}
	if (got.o_class == PHX_CLASS_LEND) {
		ASSERT_EQ(SIGBUS, probe_write(out_of(&got.msg) + job->o_len - 1));
	}
	ASSERT_EQ(sizeof(result), read(self->snd.results, &result, sizeof(result)));
	ASSERT_EQ(0, result) {
		TH_LOG("input %zu+%zu, output %zu+%zu%s", job->i_off, job->i_len, job->o_off,
		       job->o_len, job->same ? ", same memory" : "");
	}
}

static const size_t offsets[] = { 0, 1, 63, 2048, 4095 };

#define NR_SIZES 17

static size_t size_nr(const FIXTURE_DATA(map) *self, int i)
{
	const size_t sizes[NR_SIZES] = {
		0, 1, 63, 64, 65, 2049, 4095, 4096, 4097, 8191, 8192, 8193, 12289,
		self->lend_min - 1, self->lend_min, self->lend_min + 1, MIB + 5,
	};

	return sizes[i % NR_SIZES];
}

/* Each size at each offset, with another for the output. */
TEST_F_TIMEOUT(map, sizes_and_offsets, 120)
{
	int i, j;

	for (i = 0; i < NR_SIZES; i++) {
		for (j = 0; j < (int)ARRAY_SIZE(offsets); j++) {
			struct job job = {
				.i_off = PAGE + offsets[j],
				.i_len = size_nr(self, i),
				.o_off = PAGE + offsets[(i + j * 2) % ARRAY_SIZE(offsets)],
				.o_len = size_nr(self, i * 5 + j * 3 + 1),
			};

			exchange(_metadata, self, variant, &job);
		}
	}
}

/* The very same buffer for both. The input is seen as it was at first. */
TEST_F_TIMEOUT(map, same_buffer_twice, 120)
{
	int i;

	for (i = 0; i < NR_SIZES; i++) {
		struct job job = {
			.same = true,
			.i_off = PAGE + offsets[i % ARRAY_SIZE(offsets)],
			.i_len = size_nr(self, i),
		};

		job.o_off = job.i_off;
		job.o_len = job.i_len;
		exchange(_metadata, self, variant, &job);
	}
}

/* Input and output side by side, or one over the other by some bytes. */
TEST_F_TIMEOUT(map, buffers_that_touch, 120)
{
	static const int shifts[] = { 0, 1, 64, 4095, -1, -63, -4096 };
	int i;

	for (i = 0; i < (int)(NR_SIZES * ARRAY_SIZE(shifts)); i++) {
		struct job job = {
			.same = true,
			.i_off = 2 * PAGE + offsets[i % ARRAY_SIZE(offsets)],
			.i_len = size_nr(self, i / ARRAY_SIZE(shifts)) % 40000,
			.o_len = size_nr(self, i * 7 + 4) % 40000,
		};

		job.o_off = job.i_off + job.i_len + shifts[i % ARRAY_SIZE(shifts)];
		exchange(_metadata, self, variant, &job);
	}
}

/* Sizes and places by chance, though the same in every run. */
TEST_F_TIMEOUT(map, by_chance, 120)
{
	unsigned int seed = 4711;
	int i;

	for (i = 0; i < 150; i++) {
		struct job job = {
			.i_off = rand_r(&seed) % (16 * PAGE),
			.i_len = rand_r(&seed) % (4 * PAGE) << rand_r(&seed) % 4,
			.o_off = rand_r(&seed) % (16 * PAGE),
			.o_len = rand_r(&seed) % (4 * PAGE) << rand_r(&seed) % 4,
		};

		exchange(_metadata, self, variant, &job);
	}
}

TEST_HARNESS_MAIN
