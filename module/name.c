// SPDX-License-Identifier: GPL-2.0-only
#include "name.h"
#include "client.h"
#include "event.h"
#include "netns.h"
#include "port.h"
#include "stats.h"
#include "table.h"
#include "user.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/jhash.h>
#include <linux/phxport.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

/* Names of a client that are taken away under one hold of the lock. */
#define DROP_BATCH 32

/* What is searched for: the first bytes of a text. */
struct name_key {
	const char *text;
	size_t len;
	u32 hash;
};

static u32 table_hash(u32 hash, u32 seed)
{
	return jhash_1word(hash, seed);
}

static u32 key_hash(const void *data, u32 len, u32 seed)
{
	const struct name_key *key = data;

	return table_hash(key->hash, seed);
}

static u32 name_hash(const void *data, u32 len, u32 seed)
{
	const struct phx_name *name = data;

	return table_hash(name->text_hash, seed);
}

static int name_compare(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct name_key *key = arg->key;
	const struct phx_name *name = obj;

	return key->hash != name->text_hash || key->len != name->len ||
	       memcmp(key->text, name->text, key->len);
}

static const struct rhashtable_params names_params = {
	.head_offset = offsetof(struct phx_name, hash),
	.hashfn = key_hash,
	.obj_hashfn = name_hash,
	.obj_cmpfn = name_compare,
	.automatic_shrinking = true,
};

/**
 * phx_names_init() - begin with no names
 * @ns: where
 *
 * Return: 0 or a negative errno.
 */
int phx_names_init(struct phx_ns *ns)
{
	get_random_bytes(&ns->names_key, sizeof(ns->names_key));
	return rhashtable_init(&ns->names, &names_params);
}

/**
 * phx_names_fini() - end with none
 * @ns: where
 */
void phx_names_fini(struct phx_ns *ns)
{
	rhashtable_destroy(&ns->names);
}

/*
 * Add the part of a text that begins at @key->len, which is up to its next slash.
 * Hashed part by part, each with what is known of those before, all that lead a
 * text cost no more than to hash it once. The key is secret: nobody can choose names
 * that meet in the table.
 */
static void key_add_part(struct name_key *key, const struct phx_ns *ns)
{
	const char *part = key->text + key->len;
	size_t len = strchrnul(part + 1, '/') - part;
	hsiphash_key_t secret = ns->names_key;

	secret.key[0] ^= key->hash;
	key->hash = hsiphash(part, len, &secret);
	key->len += len;
}

/* Of all of a text, which is not empty. */
static struct name_key key_of(const struct phx_ns *ns, const char *text)
{
	struct name_key key = { .text = text };

	while (text[key.len])
		key_add_part(&key, ns);
	return key;
}

static struct phx_name *find(struct phx_ns *ns, const struct name_key *key)
{
	return rhashtable_lookup(&ns->names, key, names_params);
}

/* The text of a call, to be freed with kfree(). */
static char *get_text(const struct phx_ioc_name *arg)
{
	char *text;

	if (arg->name_size < 2)
		return ERR_PTR(-EINVAL);
	if (arg->name_size > PHX_NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	if (arg->name != (unsigned long)arg->name)
		return ERR_PTR(-EFAULT);
	text = memdup_user((void __user *)(unsigned long)arg->name, arg->name_size);
	if (IS_ERR(text))
		return text;
	if (strnlen(text, arg->name_size) != arg->name_size - 1) {
		kfree(text);
		return ERR_PTR(-EINVAL);
	}
	return text;
}

static struct phx_name *name_create(struct phx_client *client,
				    const struct phx_ioc_name *arg)
{
	char *text = get_text(arg);
	struct phx_name *name;
	int err;

	if (IS_ERR(text))
		return ERR_CAST(text);
	err = phx_user_charge(client->user, PHX_LIMIT_NAMES, 1);
	if (err)
		goto err_text;
	err = -ENOMEM;
	name = kzalloc(struct_size(name, text, arg->name_size), GFP_KERNEL_ACCOUNT);
	if (!name)
		goto err_uncharge;
	/* Here, as who waits for memory within its group's limits may do so for long. */
	err = phx_table_add(&client->ns->name_numbers, &name->nr, NULL, xa_limit_32b,
			    &client->ns->next_name);
	if (err)
		goto err_name;
	memcpy(name->text, text, arg->name_size);
	kfree(text);
	name->len = arg->name_size - 1;
	name->text_hash = key_of(client->ns, name->text).hash;
	name->client = client;
	name->user = phx_user_ref(client->user);
	name->port = arg->oid.port;
	name->id = arg->oid.id;
	name->serial = phx_port_serial(client->ns, name->port);
	phx_stat_inc(PHX_STAT_NAMES_LIVE);
	return name;

err_name:
	kfree(name);
err_uncharge:
	phx_user_uncharge(client->user, PHX_LIMIT_NAMES, 1);
err_text:
	kfree(text);
	return ERR_PTR(err);
}

/* It is out of the table, but readers may still see it. */
static void name_free(struct phx_name *name)
{
	phx_user_uncharge(name->user, PHX_LIMIT_NAMES, 1);
	phx_user_put(name->user);
	phx_stat_dec(PHX_STAT_NAMES_LIVE);
	kfree_rcu(name, rcu);
}

static int insert_locked(struct phx_ns *ns, struct phx_name *name)
{
	struct name_key key = {
		.text = name->text,
		.len = name->len,
		.hash = name->text_hash,
	};
	int err;

	lockdep_assert_held(&ns->names_lock);
	err = rhashtable_lookup_insert_key(&ns->names, &key, &name->hash, names_params);
	if (err)
		return err;
	/* Its place is reserved, which takes no more memory. */
	xa_store(&ns->name_numbers, name->nr, name, 0);
	list_add(&name->node, &name->client->names);
	name->client->nr_names++;
	phx_event(name->client, PHX_CMD_NAME_REGISTER_NTF, phx_put_name, name);
	return 0;
}

static void remove_locked(struct phx_ns *ns, struct phx_name *name)
{
	lockdep_assert_held(&ns->names_lock);
	rhashtable_remove_fast(&ns->names, &name->hash, names_params);
	xa_erase(&ns->name_numbers, name->nr);
	list_del(&name->node);
	name->client->nr_names--;
	phx_event(name->client, PHX_CMD_NAME_UNREGISTER_NTF, phx_put_name, name);
}

/**
 * phx_name_register() - give an object a name
 * @client: who does
 * @arg: the call
 *
 * Return: 0 or a negative errno, see struct phx_ioc_name.
 */
int phx_name_register(struct phx_client *client, const struct phx_ioc_name *arg)
{
	struct phx_ns *ns = client->ns;
	struct phx_name *name;
	int err = -EBADFD;

	if (arg->flags)
		return -EINVAL;
	name = name_create(client, arg);
	if (IS_ERR(name))
		return PTR_ERR(name);

	/* Either we see that the client is closed, or phx_names_drop() sees this. */
	smp_store_mb(client->has_names, true);
	if (mutex_lock_killable(&ns->names_lock)) {
		err = -EINTR;
		goto err_free;
	}
	if (!READ_ONCE(client->srv.closed))
		err = insert_locked(ns, name);
	mutex_unlock(&ns->names_lock);
	if (!err)
		return 0;

err_free:
	xa_release(&ns->name_numbers, name->nr);
	name_free(name);
	return err;
}

static bool may_unregister(const struct phx_client *client,
			   const struct phx_name *name)
{
	return client->user == name->user ||
	       ns_capable(client->net->user_ns, CAP_NET_ADMIN);
}

/**
 * phx_name_unregister() - take a name away
 * @client: who asks
 * @arg: the call
 *
 * Return: 0 or a negative errno, see struct phx_ioc_name.
 */
int phx_name_unregister(struct phx_client *client, const struct phx_ioc_name *arg)
{
	struct phx_ns *ns = client->ns;
	struct phx_name *name;
	struct name_key key;
	char *text;
	int err = 0;

	if (arg->flags)
		return -EINVAL;
	text = get_text(arg);
	if (IS_ERR(text))
		return PTR_ERR(text);
	key = key_of(ns, text);

	if (mutex_lock_killable(&ns->names_lock)) {
		kfree(text);
		return -EINTR;
	}
	rcu_read_lock();
	name = find(ns, &key);
	rcu_read_unlock();
	if (!name)
		err = -ENOENT;
	else if (!may_unregister(client, name))
		err = -EPERM;
	else
		remove_locked(ns, name);
	mutex_unlock(&ns->names_lock);
	if (!err)
		name_free(name);
	kfree(text);
	return err;
}

/*
 * The longest of those that lead a text, each of which ends before a slash or at its
 * end. "/" alone leads every path from the root, but none that does not begin there.
 */
static struct phx_name *find_prefix(struct phx_ns *ns, const char *text, u32 *matched)
{
	struct name_key key = { .text = "/" };
	struct phx_name *name = NULL, *longer;

	*matched = 0;
	if (text[0] == '/') {
		key_add_part(&key, ns);
		name = find(ns, &key);
	}
	key = (struct name_key){ .text = text };
	while (text[key.len]) {
		key_add_part(&key, ns);
		longer = find(ns, &key);
		if (!longer)
			continue;
		name = longer;
		*matched = key.len;
	}
	return name;
}

static struct phx_name *find_all_of(struct phx_ns *ns, const char *text)
{
	struct name_key key = key_of(ns, text);

	return find(ns, &key);
}

/**
 * phx_name_lookup() - find what a name stands for
 * @client: who asks
 * @arg: the call and its result
 *
 * Return: 0 or a negative errno, see struct phx_ioc_name.
 */
int phx_name_lookup(struct phx_client *client, struct phx_ioc_name *arg)
{
	struct phx_ns *ns = client->ns;
	struct phx_name *name;
	int err = -ENOENT;
	char *text;
	u64 serial;

	if (arg->flags & ~PHX_LOOKUP_PREFIX)
		return -EINVAL;
	text = get_text(arg);
	if (IS_ERR(text))
		return PTR_ERR(text);

	arg->matched = arg->name_size - 1;
	rcu_read_lock();
	if (arg->flags & PHX_LOOKUP_PREFIX)
		name = find_prefix(ns, text, &arg->matched);
	else
		name = find_all_of(ns, text);
	if (name) {
		serial = phx_port_serial(ns, name->port);
		if (!serial || serial == name->serial) {
			arg->oid = (struct phx_oid){ .port = name->port, .id = name->id };
			err = 0;
		}
	}
	rcu_read_unlock();
	kfree(text);
	return err;
}

/* Returns whether there are more. */
static bool drop_some(struct phx_client *client)
{
	struct phx_name *name, *next;
	LIST_HEAD(gone);
	bool more;
	int n = 0;

	mutex_lock(&client->ns->names_lock);
	list_for_each_entry_safe(name, next, &client->names, node) {
		if (n++ == DROP_BATCH)
			break;
		remove_locked(client->ns, name);
		list_add(&name->node, &gone);
	}
	more = !list_empty(&client->names);
	mutex_unlock(&client->ns->names_lock);
	list_for_each_entry_safe(name, next, &gone, node)
		name_free(name);
	return more;
}

/**
 * phx_names_drop() - take away all names of a client that is shut down
 * @client: the client
 */
void phx_names_drop(struct phx_client *client)
{
	/* Who has none does not wait for the lock. The client is closed by now. */
	smp_mb();
	if (!READ_ONCE(client->has_names))
		return;
	while (drop_some(client))
		cond_resched();
}
