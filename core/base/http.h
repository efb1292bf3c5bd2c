#ifndef CORE_BASE_HTTP_H
#define CORE_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "core/base/error.h"

/*
 * HTTP requests, with a secret in one header. The only user of libcurl.
 *
 * Certificates are always verified; nothing switches that off. Plain http is
 * for loopback addresses only, unless `plain` says that no secret is sent.
 * Redirects 301, 302, 307 and 308 are followed here and not by libcurl, with
 * the same method and body, and only within one origin (scheme, host and port):
 * libcurl would turn a POST into a GET and carry tokens to other hosts.
 */

struct http_options {
	const char *proxy;   /* git's http.proxy, or NULL */
	const char *ca_info; /* git's http.sslCAInfo, or NULL */
	long connect_ms;     /* 0: 10 s */
	long total_ms;	     /* 0: 60 s, for one request */
	bool plain;	     /* http to any host; requests with a secret fail */
	/*
	 * Called about once a second and oftener while a request runs;
	 * nonzero ends it with ERROR_INTERRUPTED. May be NULL.
	 */
	int (*tick)(void *data);
	void *tick_data;
};

/* Keeps connections open between requests; freeing it closes them. */
struct http;

int http_open(TALLOC_CTX *mem, const struct http_options *options,
	      struct http **http, struct error *err);

struct http_request {
	const char *method;	    /* "GET", "POST", "PATCH" */
	const char *url;	    /* without user info and fragment */
	const char *const *headers; /* "Name: value" each, NULL-terminated */
	/* "Name: value" with the secret; it is in no error, and its copies
	   are wiped. NULL: none */
	const char *secret;
	const char *body; /* NULL: none */
	size_t body_length;
	size_t limit; /* of the answer's body in bytes; 0: 8 MiB */
};

struct http_header {
	const char *name; /* lower case */
	const char *value;
};

struct http_response {
	int status;
	char *body; /* NUL-terminated */
	size_t length;
	struct http_header *headers;
	size_t header_count;
	const char *url; /* that answered */
};

/*
 * One request. Any HTTP status is an answer and no error. When none came,
 * *sent (may be NULL) tells whether the request may have reached the server:
 * false only when no connection was made. A request other than GET never
 * travels on a used connection, because libcurl repeats it by itself when such
 * a connection turns out to be dead.
 */
int http_send(TALLOC_CTX *mem, struct http *http,
	      const struct http_request *request,
	      struct http_response **response, bool *sent, struct error *err);

/* The value of a header (name in lower case), or NULL. */
const char *http_header(const struct http_response *response, const char *name);

/* Whether both absolute URLs have one scheme, host and port. */
bool http_same_origin(const char *a, const char *b);

/*
 * `reference` as a page at `base` means it, when that has the origin of base
 * and no user info; otherwise NULL.
 */
char *http_resolve(TALLOC_CTX *mem, const char *base, const char *reference);

/* The URL of a Link header's element with this relation, or NULL. */
char *http_link(TALLOC_CTX *mem, const char *header, const char *relation);

/*
 * Seconds that a Retry-After header (a number or an HTTP date) asks for,
 * counted from `now` (seconds since 1970); -1 when it says neither.
 */
int64_t http_retry_after(const char *value, int64_t now);

/* 127.0.0.0/8, ::1 (also in brackets) and localhost. */
bool http_is_loopback(const char *host);

#endif
