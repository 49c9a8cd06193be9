#include <assert.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/scope.h"
#include "http/router.h"

/* A place that a path can lead to.  Number 0 is the root, which is nobody's child. */
struct node {
	struct str segment; /* of a pattern; a hole has no text */
	size_t child, next; /* the first one below, the next one beside; holes come last */
	const struct route *route[METHOD_OTHER];
	bool known; /* some method has a route */
};

struct route_tree {
	size_t count;
	struct node nodes[];
};

/* The segment behind the slash that path begins with; *path goes behind it. */
static struct str cut_segment(struct str *path)
{
	struct str rest = str_from(*path, 1);
	const char *end = rest.len ? memchr(rest.ptr, '/', rest.len) : NULL;
	size_t len = end ? (size_t)(end - rest.ptr) : rest.len;

	*path = str_from(rest, len);
	return (struct str){ rest.ptr, len };
}

static bool is_hole(const struct node *node)
{
	return node->segment.len == 0;
}

/* The child for a pattern's segment, made when there is none. */
static size_t grow(struct route_tree *tree, size_t at, struct str segment)
{
	size_t *link = &tree->nodes[at].child;

	assert(segment.len);
	if (segment.ptr[0] == '{')
		segment = STR_NONE;
	while (*link && !str_eq(tree->nodes[*link].segment, segment) &&
	       !is_hole(&tree->nodes[*link]))
		link = &tree->nodes[*link].next;
	if (*link && str_eq(tree->nodes[*link].segment, segment))
		return *link;
	tree->nodes[tree->count] = (struct node){ .segment = segment, .next = *link };
	return *link = tree->count++;
}

static size_t count_slashes(const char *path)
{
	size_t n = 0;

	while ((path = strchr(path, '/'))) {
		path++;
		n++;
	}
	return n;
}

struct route_tree *route_tree_new(const struct route *routes, size_t n)
{
	struct route_tree *tree;
	size_t room = 1;

	for (size_t i = 0; i < n; i++)
		room += count_slashes(routes[i].path);
	tree = mem_alloc(sizeof(*tree) + room * sizeof(struct node));
	tree->count = 1;
	for (size_t i = 0; i < n; i++) {
		struct str path = str_of(routes[i].path);
		size_t at = 0;

		while (path.len)
			at = grow(tree, at, cut_segment(&path));
		assert(!tree->nodes[at].route[routes[i].method]);
		tree->nodes[at].route[routes[i].method] = &routes[i];
		tree->nodes[at].known = true;
	}
	return tree;
}

void route_tree_free(struct route_tree *tree)
{
	free(tree);
}

/* Fixed segments first, from the left: the first end that is found is the closest pattern's. */
static const struct node *walk(const struct route_tree *tree, const struct node *from,
			       struct str path, struct str *hole, size_t holes)
{
	struct str segment;

	if (path.len == 0)
		return from->known ? from : NULL;
	segment = cut_segment(&path);
	for (size_t i = from->child; i; i = tree->nodes[i].next) {
		const struct node *node = &tree->nodes[i], *end;
		bool open = is_hole(node);

		if (open ? segment.len == 0 || holes == ROUTE_HOLES
			 : !str_eq(node->segment, segment))
			continue;
		if (open)
			hole[holes] = segment;
		end = walk(tree, node, path, hole, holes + open);
		if (end)
			return end;
		if (open)
			hole[holes] = STR_NONE;
	}
	return NULL;
}

static const struct {
	enum method method;
	const char *text;
} allow_order[] = {
	{ METHOD_GET, "GET, HEAD, " }, { METHOD_POST, "POST, " },     { METHOD_PUT, "PUT, " },
	{ METHOD_PATCH, "PATCH, " },   { METHOD_DELETE, "DELETE, " },
};

static void write_allow(unsigned methods, char ret[64])
{
	size_t len = 0;

	for (size_t i = 0; i < COUNT_OF(allow_order); i++) {
		size_t n;

		if (!(methods & (1u << allow_order[i].method)))
			continue;
		n = strlen(allow_order[i].text);
		memcpy(ret + len, allow_order[i].text, n);
		len += n;
	}
	memcpy(ret + len, "OPTIONS", sizeof("OPTIONS"));
}

void route_find(const struct route_tree *tree, enum method method, struct str path,
		struct route_match *ret)
{
	const struct node *end;
	unsigned methods = 0;

	*ret = (struct route_match){ 0 };
	end = walk(tree, tree->nodes, path, ret->hole, 0);
	if (!end)
		return;
	ret->path_known = true;
	if (method == METHOD_HEAD)
		method = METHOD_GET;
	if (method < METHOD_OTHER)
		ret->route = end->route[method];
	if (ret->route)
		return;
	for (int i = 0; i < METHOD_OTHER; i++)
		methods |= end->route[i] ? 1u << i : 0;
	write_allow(methods, ret->allow);
}
