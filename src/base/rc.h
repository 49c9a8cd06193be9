/* Outcomes: a closed set, one row each.  http/problem.c alone maps them to HTTP statuses. */
#ifndef BASE_RC_H
#define BASE_RC_H

/*	name             stable code          text */
#define RC_TABLE(X)                                                                            \
	X(OK, "ok", "ok")                                                                      \
	X(INVALID, "invalid_request", "The request is malformed")                              \
	X(UNAUTHENTICATED, "unauthenticated", "A valid API key is needed")                     \
	X(FORBIDDEN, "forbidden", "This key's role does not allow that")                       \
	X(NOT_FOUND, "not_found", "No such thing")                                             \
	X(METHOD, "method_not_allowed", "This method is not allowed here")                     \
	X(NOT_ACCEPTABLE, "not_acceptable", "No acceptable representation")                    \
	X(CONFLICT, "conflict", "The request conflicts with the present state")                \
	X(TOO_LARGE, "too_large", "The request is too large")                                  \
	X(URI_TOO_LONG, "uri_too_long", "The address of the request is too long")              \
	X(MEDIA_TYPE, "unsupported_media_type", "This media type is not supported")            \
	X(UNPROCESSABLE, "unprocessable", "The request is well-formed but impossible")         \
	X(LIMITED, "rate_limited", "Too many requests")                                        \
	X(INTERNAL, "internal", "An internal error happened")                                  \
	X(UNAVAILABLE, "unavailable", "A needed part is away")                                 \
	X(TIMEOUT, "timeout", "A needed part did not answer in time")

enum rc {
#define X(name, code, text) RC_##name,
	RC_TABLE(X)
#undef X
	RC_COUNT
};

const char *rc_code(enum rc rc); /* "not_found" */
const char *rc_text(enum rc rc); /* "No such thing" */

#endif
