#include "core/base/http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "lazy/curl.h"

#define MAX_REDIRECTS 5
#define MAX_HEADERS 200
#define DEFAULT_LIMIT ((size_t)8 << 20)

struct http {
	CURL *curl;
	struct http_options options;
	char complaint[CURL_ERROR_SIZE];
};

/* One exchange: what the callbacks of libcurl fill. */
struct exchange {
	struct http *http;
	struct http_response *response;
	size_t room, limit;
	bool too_long, interrupted;
};

static int http_close(struct http *http)
{
	curl_easy_cleanup(http->curl);
	return 0;
}

int http_open(TALLOC_CTX *mem, const struct http_options *options,
	      struct http **out, struct error *err)
{
	static bool initialised;
	struct http *http;

	if (lazy_curl_load(err) < 0)
		return -1;
	if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT))
		return error_set(err, ERROR_FAILED,
				 "unable to initialise libcurl");
	initialised = true;
	http = talloc_zero(mem, struct http);
	if (options)
		http->options = *options;
	http->curl = curl_easy_init();
	if (!http->curl) {
		talloc_free(http);
		return error_set(err, ERROR_FAILED,
				 "unable to initialise libcurl");
	}
	talloc_set_destructor(http, http_close);
	*out = http;
	return 0;
}

/* --- URLs ---------------------------------------------------------------- */

static char *url_part(CURLU *url, CURLUPart part, TALLOC_CTX *mem)
{
	char *raw = NULL, *copy = NULL;

	if (!curl_url_get(url, part, &raw, CURLU_DEFAULT_PORT))
		copy = talloc_strdup(mem, raw);
	curl_free(raw);
	return copy;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	TALLOC_CTX *scope = talloc_new(NULL);
	char *one = url_part(a, part, scope);
	char *two = url_part(b, part, scope);
	bool same = one && two && !strcasecmp(one, two);

	talloc_free(scope);
	return same;
}

static bool same_origin(CURLU *a, CURLU *b)
{
	return same_part(a, b, CURLUPART_SCHEME) &&
	       same_part(a, b, CURLUPART_HOST) &&
	       same_part(a, b, CURLUPART_PORT);
}

static bool has_user(CURLU *url)
{
	char *raw = NULL;
	bool has = !curl_url_get(url, CURLUPART_USER, &raw, 0);

	curl_free(raw);
	return has;
}

bool http_same_origin(const char *a, const char *b)
{
	struct error ignored = { 0 };
	CURLU *one, *two;
	bool same;

	if (lazy_curl_load(&ignored) < 0) {
		error_release(&ignored);
		return false;
	}
	one = curl_url();
	two = curl_url();
	same = !curl_url_set(one, CURLUPART_URL, a, 0) &&
	       !curl_url_set(two, CURLUPART_URL, b, 0) && same_origin(one, two);
	curl_url_cleanup(one);
	curl_url_cleanup(two);
	return same;
}

char *http_resolve(TALLOC_CTX *mem, const char *base, const char *reference)
{
	struct error ignored = { 0 };
	CURLU *from, *to;
	char *resolved = NULL;

	if (lazy_curl_load(&ignored) < 0) {
		error_release(&ignored);
		return NULL;
	}
	from = curl_url();
	to = curl_url();
	if (!curl_url_set(from, CURLUPART_URL, base, 0) &&
	    !curl_url_set(to, CURLUPART_URL, base, 0) &&
	    !curl_url_set(to, CURLUPART_URL, reference, 0) &&
	    same_origin(from, to) && !has_user(to)) {
		curl_url_set(to, CURLUPART_FRAGMENT, NULL, 0);
		resolved = url_part(to, CURLUPART_URL, mem);
	}
	curl_url_cleanup(from);
	curl_url_cleanup(to);
	return resolved;
}

bool http_is_loopback(const char *host)
{
	int octets = 0, digits = 0, value = 0;

	if (!strcasecmp(host, "localhost") || !strcmp(host, "::1") ||
	    !strcmp(host, "[::1]"))
		return true;
	if (strncmp(host, "127.", 4))
		return false;
	for (const char *s = host;; s++) {
		if (*s >= '0' && *s <= '9') {
			value = value * 10 + (*s - '0');
			if (++digits > 3 || value > 255)
				return false;
		} else if (digits && (*s == '.' || !*s)) {
			octets++;
			digits = value = 0;
			if (!*s)
				return octets == 4;
		} else {
			return false;
		}
	}
}

/* Only https, or http to this machine; *loopback tells which. */
static int check_url(const char *text, bool plain, bool *loopback,
		     struct error *err)
{
	CURLU *url = curl_url();
	TALLOC_CTX *scope = talloc_new(NULL);
	char *scheme = NULL, *host = NULL;
	int rc = 0;

	if (!curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER)) {
		scheme = url_part(url, CURLUPART_SCHEME, scope);
		host = url_part(url, CURLUPART_HOST, scope);
	}
	*loopback = host && http_is_loopback(host);
	if (!scheme || !host)
		rc = error_set(err, ERROR_FAILED, "malformed URL '%s'",
			       url_redact(scope, text));
	else if (strcmp(scheme, "https") &&
		 (strcmp(scheme, "http") || (!*loopback && !plain)))
		rc = error_set(err, ERROR_FAILED,
			       "refusing to send to '%s': only https is safe "
			       "outside of this machine",
			       url_redact(scope, text));
	curl_url_cleanup(url);
	talloc_free(scope);
	return rc;
}

/* --- one exchange -------------------------------------------------------- */

static size_t take_body(char *data, size_t size, size_t n, void *to)
{
	struct exchange *x = to;
	struct http_response *r = x->response;

	n *= size;
	if (n > x->limit - r->length) {
		x->too_long = true;
		return 0;
	}
	if (r->length + n + 1 > x->room) {
		x->room = 2 * (r->length + n + 1);
		r->body = talloc_realloc_size(r, r->body, x->room);
	}
	memcpy(r->body + r->length, data, n);
	r->length += n;
	r->body[r->length] = '\0';
	return n;
}

static void forget_headers(struct http_response *r)
{
	talloc_free(r->headers);
	r->headers = NULL;
	r->header_count = 0;
}

static size_t take_header(char *data, size_t size, size_t n, void *to)
{
	struct exchange *x = to;
	struct http_response *r = x->response;
	size_t taken = n * size, length = taken, name;
	struct http_header *h;
	char *lower;

	while (length && (data[length - 1] == '\n' || data[length - 1] == '\r'))
		length--;
	/* a status line begins the next set: after 100, or a proxy's own */
	if (length > 5 && !memcmp(data, "HTTP/", 5)) {
		forget_headers(r);
		return taken;
	}
	name = (size_t)((char *)memchr(data, ':', length) - data);
	if (!memchr(data, ':', length) || r->header_count == MAX_HEADERS)
		return taken;
	if (!r->headers)
		r->headers = talloc_array(r, struct http_header, MAX_HEADERS);
	h = &r->headers[r->header_count++];
	h->name = lower = talloc_strndup(r->headers, data, name);
	for (; *lower; lower++)
		*lower = (char)tolower((unsigned char)*lower);
	for (name++;
	     name < length && (data[name] == ' ' || data[name] == '\t');)
		name++;
	h->value = talloc_strndup(r->headers, data + name, length - name);
	return taken;
}

static int on_progress(void *to, curl_off_t a, curl_off_t b, curl_off_t c,
		       curl_off_t d)
{
	struct exchange *x = to;

	(void)a, (void)b, (void)c, (void)d;
	if (x->http->options.tick &&
	    x->http->options.tick(x->http->options.tick_data))
		x->interrupted = true;
	return x->interrupted;
}

/* A header with a line break would be two headers. */
static int check_header(const char *header, struct error *err)
{
	const char *colon = strchr(header, ':');

	for (const char *s = header; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return error_set(err, ERROR_FAILED,
					 "a request header has a control "
					 "character in it");
	if (!colon || colon == header)
		return error_set(err, ERROR_FAILED, "malformed request header");
	return 0;
}

/* libcurl copies what it gets; its copy of the secret is wiped with it. */
static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *item = list; item; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(list);
}

static int add_header(struct curl_slist **list, const char *header,
		      struct error *err)
{
	struct curl_slist *longer;

	if (check_header(header, err) < 0)
		return -1;
	longer = curl_slist_append(*list, header);
	if (!longer)
		return error_set(err, ERROR_FAILED, "out of memory");
	*list = longer;
	return 0;
}

static int make_headers(const struct http_request *request,
			struct curl_slist **list, struct error *err)
{
	*list = NULL;
	for (const char *const *h = request->headers; h && *h; h++)
		if (add_header(list, *h, err) < 0)
			return -1;
	if (request->secret && add_header(list, request->secret, err) < 0)
		return -1;
	/* libcurl would wait a second for leave to send a long body */
	return add_header(list, "Expect:", err);
}

static void set_options(struct exchange *x, const struct http_request *request,
			const char *url, bool loopback, bool plain,
			struct curl_slist *headers)
{
	const struct http_options *o = &x->http->options;
	CURL *curl = x->http->curl;

	curl_easy_reset(curl); /* connections stay */
	*x->http->complaint = '\0';
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, x->http->complaint);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
			 loopback || plain ? "https,http" : "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
			 o->connect_ms ? o->connect_ms : 10000L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
			 o->total_ms ? o->total_ms : 60000L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT,
			 "git-migrate/" GIT_MIGRATE_VERSION);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	if (o->ca_info)
		curl_easy_setopt(curl, CURLOPT_CAINFO, o->ca_info);
	/* what stays on this machine goes through no proxy */
	if (loopback)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	else if (o->proxy)
		curl_easy_setopt(curl, CURLOPT_PROXY, o->proxy);
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	if (strcmp(request->method, "GET"))
		curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
	if (request->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)request->body_length);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, x);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

/* Failures before a byte of the request can have gone out. */
static bool never_sent(CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_PROXY:
		return true;
	default:
		return false;
	}
}

static int explain(struct exchange *x, CURLcode code, const char *url,
		   struct error *err)
{
	const char *complaint = *x->http->complaint ? x->http->complaint
						    : curl_easy_strerror(code);
	TALLOC_CTX *scope = talloc_new(NULL);
	const char *shown = url_redact(scope, url);

	if (x->interrupted)
		error_set(err, ERROR_INTERRUPTED, "interrupted");
	else if (x->too_long)
		error_set(err, ERROR_CONNECTION,
			  "the answer of '%s' is longer than %zu MiB", shown,
			  x->limit >> 20);
	else
		error_set(err, ERROR_CONNECTION, "unable to reach '%s': %s",
			  shown, text_visible(scope, complaint, false));
	if (code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_SSL_CACERT_BADFILE)
		error_hint(err, "if the server has a certificate of your own "
				"authority: git config http.sslCAInfo FILE");
	talloc_free(scope);
	return -1;
}

static int exchange(struct exchange *x, const struct http_request *request,
		    const char *url, bool *sent, struct error *err)
{
	struct curl_slist *headers;
	bool loopback;
	CURLcode code;
	long status = 0;
	bool plain = x->http->options.plain && !request->secret;

	*sent = false;
	if (check_url(url, plain, &loopback, err) < 0)
		return -1;
	if (make_headers(request, &headers, err) < 0) {
		free_headers(headers);
		return -1;
	}
	set_options(x, request, url, loopback, plain, headers);
	code = curl_easy_perform(x->http->curl);
	curl_easy_getinfo(x->http->curl, CURLINFO_RESPONSE_CODE, &status);
	free_headers(headers);
	*sent = !never_sent(code);
	if (code)
		return explain(x, code, url, err);
	x->response->status = (int)status;
	return 0;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

/* The next address, or an error that names what was refused. */
static int redirect(struct http_response *r, char **url, struct error *err)
{
	const char *location = http_header(r, "location");
	TALLOC_CTX *scope = talloc_new(NULL);
	char *next = location ? http_resolve(r, *url, location) : NULL;
	const char *here = url_redact(scope, *url);

	if (next)
		*url = next;
	else if (!location)
		error_set(err, ERROR_CONNECTION,
			  "'%s' redirects (%d) without saying where to", here,
			  r->status);
	else
		error_set(err, ERROR_CONNECTION,
			  "'%s' redirects (%d) to another origin: '%s'; "
			  "nothing was sent there",
			  here, r->status, url_redact(scope, location));
	talloc_free(scope);
	return next ? 0 : -1;
}

int http_send(TALLOC_CTX *mem, struct http *http,
	      const struct http_request *request,
	      struct http_response **response, bool *sent, struct error *err)
{
	struct http_response *r = talloc_zero(mem, struct http_response);
	struct exchange x = { .http = http, .response = r };
	char *url = talloc_strdup(r, request->url);
	bool any, ignored;

	if (!sent)
		sent = &ignored;
	*sent = false;
	x.limit = request->limit ? request->limit : DEFAULT_LIMIT;
	for (int hops = 0;; hops++) {
		forget_headers(r);
		talloc_free(r->body);
		r->body = talloc_strdup(r, "");
		r->length = 0;
		x.room = 1;
		if (exchange(&x, request, url, &any, err) < 0) {
			*sent = *sent || any;
			break;
		}
		if (!is_redirect(r->status)) {
			r->url = url;
			*response = r;
			*sent = true;
			return 0;
		}
		if (hops == MAX_REDIRECTS) {
			error_set(err, ERROR_CONNECTION,
				  "'%s' redirects more than %d times",
				  request->url, MAX_REDIRECTS);
			break;
		}
		if (redirect(r, &url, err) < 0)
			break;
	}
	talloc_free(r);
	return -1;
}

/* --- headers ------------------------------------------------------------- */

const char *http_header(const struct http_response *response, const char *name)
{
	for (size_t i = 0; i < response->header_count; i++)
		if (!strcmp(response->headers[i].name, name))
			return response->headers[i].value;
	return NULL;
}

/* Whether the parameters of a link, up to `end`, have rel=relation. */
static bool has_relation(const char *s, const char *end, const char *relation)
{
	size_t length = strlen(relation);

	while ((s = memchr(s, ';', (size_t)(end - s)))) {
		const char *stop;

		for (s++; s < end && isspace((unsigned char)*s); s++)
			;
		if (end - s < 4 || strncasecmp(s, "rel=", 4))
			continue;
		s += 4;
		if (s < end && *s == '"')
			s++;
		for (stop = s; stop < end && !strchr("\";, \t", *stop); stop++)
			;
		if ((size_t)(stop - s) == length &&
		    !strncasecmp(s, relation, length))
			return true;
	}
	return false;
}

char *http_link(TALLOC_CTX *mem, const char *header, const char *relation)
{
	while ((header = strchr(header, '<'))) {
		const char *close = strchr(header, '>');
		const char *end;

		if (!close)
			return NULL;
		end = strchr(close, '<');
		if (!end)
			end = close + strlen(close);
		if (has_relation(close, end, relation))
			return talloc_strndup(mem, header + 1,
					      (size_t)(close - header - 1));
		header = end;
	}
	return NULL;
}

int64_t http_retry_after(const char *value, int64_t now)
{
	struct error ignored = { 0 };
	char *end;
	long long seconds;
	time_t at;

	if (isdigit((unsigned char)*value)) {
		seconds = strtoll(value, &end, 10);
		return *end || seconds > 1000000000 ? -1 : seconds;
	}
	if (lazy_curl_load(&ignored) < 0) {
		error_release(&ignored);
		return -1;
	}
	at = curl_getdate(value, NULL);
	if (at < 0)
		return -1;
	return at > now ? (int64_t)at - now : 0;
}
