#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/pid.h"
#include "base/scope.h"
#include "base/secret.h"
#include "base/utf8.h"

#define VALUE_MAX 4096 /* bytes of one value; the rest is cut */
#define LINE_CAP  (1 << 20)

const struct conf_key log_keys[] = {
	{ "log_file", CONF_TEXT, offsetof(struct log_options, file), "-", .reload = true,
	  .help = "file the log is appended to; - is standard error" },
	{ "log_level", CONF_CHOICE, offsetof(struct log_options, level), "info",
	  .choices = "error|warn|info|debug", .reload = true,
	  .help = "least severe level told" },
	{ "log_format", CONF_CHOICE, offsetof(struct log_options, format), "text",
	  .choices = "text|json", .reload = true,
	  .help = "key=value text or one JSON object a line" },
	{ 0 }
};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* The one log of this process.  role is static text; line keeps its memory between events. */
static struct {
	int fd;
	char *path; /* NULL: standard error */
	enum log_level level;
	bool json;
	const char *role;
	struct str id;
	struct buf line, told;
} process = { .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO, .role = "main" };

static int open_file(const char *path)
{
	return path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640)
		    : STDERR_FILENO;
}

static void use_fd(int fd)
{
	if (process.fd != STDERR_FILENO)
		close(process.fd);
	process.fd = fd;
}

static bool level_of(const char *name, enum log_level *ret)
{
	for (size_t i = 0; i < COUNT_OF(level_names); i++) {
		if (str_eqz(str_of(name), level_names[i])) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

enum rc log_open(const struct log_options *options)
{
	struct str file = str_of(options->file), format = str_of(options->format);
	bool to_stderr = file.len == 0 || str_eq(file, STR("-"));
	enum log_level level;
	int fd;

	if (!level_of(options->level, &level))
		return RC_INVALID;
	if (!str_eq(format, STR("text")) && !str_eq(format, STR("json")))
		return RC_INVALID;
	fd = open_file(to_stderr ? NULL : file.ptr);
	if (fd < 0)
		return RC_INVALID;
	use_fd(fd);
	free(process.path);
	process.path = to_stderr ? NULL : mem_strdup(file.ptr);
	process.level = level;
	process.json = str_eq(format, STR("json"));
	return RC_OK;
}

enum rc log_reopen(void)
{
	int fd = open_file(process.path);

	if (fd < 0)
		return RC_INVALID;
	use_fd(fd);
	return RC_OK;
}

void log_role(const char *role)
{
	process.role = role;
}

void log_request_id(struct str id)
{
	process.id = id;
}

bool log_wanted(enum log_level level)
{
	return level <= process.level;
}

/* Without keys and passwords. */
static struct str told(struct str s)
{
	if (!secret_any(s))
		return s;
	if (!process.told.max)
		buf_init(&process.told, NULL, LINE_CAP);
	buf_clear(&process.told);
	secret_hide(s, &process.told);
	return buf_str(&process.told);
}

/* At most VALUE_MAX bytes, never half a character. */
static struct str clip(struct str s)
{
	s = told(s);
	if (s.len <= VALUE_MAX)
		return s;
	s.len = VALUE_MAX;
	while (s.len > VALUE_MAX - 4 && ((uint8_t)s.ptr[s.len] & 0xc0) == 0x80)
		s.len--;
	return s;
}

static bool is_bare(struct str s)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_./:,+@%";

	for (size_t i = 0; i < s.len; i++) {
		if (!s.ptr[i] || !strchr(safe, s.ptr[i]))
			return false;
	}
	return s.len > 0;
}

/* Keys are ours; JSON's quoting leaves no control byte, quote or malformed UTF-8 in a value. */
static void put_text(struct buf *line, const char *key, struct str value)
{
	value = clip(value);
	buf_addf(line, " %s=", key);
	if (is_bare(value))
		buf_adds(line, value);
	else
		json_quote(line, value);
}

static void put_fields_text(struct buf *line, const struct log_field *f)
{
	for (; f->key; f++) {
		if (f->kind == LOG_FIELD_STR)
			put_text(line, f->key, f->str);
		else if (f->kind == LOG_FIELD_INT)
			buf_addf(line, " %s=%lld", f->key, (long long)f->num);
		else
			buf_addf(line, " %s=%.6g", f->key, f->real);
	}
}

static void line_text(struct buf *line, const char *level, const char *event,
		      const struct log_field *fields)
{
	char when[CLOCK_RFC3339_MAX];

	clock_rfc3339(clock_wall_us(), when);
	buf_addf(line, "%s %s role=%s pid=%ld", when, level, process.role, (long)pid_self());
	if (process.id.len)
		put_text(line, "request_id", process.id);
	put_text(line, "event", str_of(event));
	put_fields_text(line, fields);
}

static void line_json(struct buf *line, const char *level, const char *event,
		      const struct log_field *f)
{
	struct json j;

	json_init(&j, line);
	json_object(&j, NULL);
	json_time(&j, "time", clock_wall_us());
	json_strz(&j, "level", level);
	json_strz(&j, "role", process.role);
	json_int(&j, "pid", pid_self());
	if (process.id.len)
		json_str(&j, "request_id", process.id);
	json_strz(&j, "event", event);
	for (; f->key; f++) {
		if (f->kind == LOG_FIELD_STR)
			json_str(&j, f->key, clip(f->str));
		else if (f->kind == LOG_FIELD_INT)
			json_int(&j, f->key, f->num);
		else
			json_double(&j, f->key, f->real);
	}
	json_end(&j);
}

/* One write a line, so that lines of several processes do not mix.  A short write (a full
 * disk, a slow pipe) is carried on; a failing log must not stop the service. */
static void send_line(struct str line)
{
	while (line.len) {
		ssize_t n = write(process.fd, line.ptr, line.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		line = str_from(line, (size_t)n);
	}
}

void log_event(enum log_level level, const char *event, const struct log_field *fields)
{
	struct buf *line = &process.line;
	int saved = errno;

	if (!log_wanted(level))
		return;
	if (!line->max)
		buf_init(line, NULL, LINE_CAP);
	buf_clear(line);
	(process.json ? line_json : line_text)(line, level_names[level], event, fields);
	buf_addc(line, '\n');
	send_line(buf_str(line));
	errno = saved;
}
