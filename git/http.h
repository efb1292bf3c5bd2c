#ifndef GIT_HTTP_H
#define GIT_HTTP_H

#include "git/git.h"

/*
 * How git itself would reach an address: http.proxy and http.sslCAInfo, also
 * as http.<url>.*, and GIT_SSL_CAINFO. NULL where nothing is set.
 */
struct http_settings {
	char *proxy;
	char *ca_info;
};

int repo_http_settings(TALLOC_CTX *mem, struct repo *repo, const char *url,
		       struct http_settings *settings, struct error *err);

#endif
