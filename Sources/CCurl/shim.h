// libcurl, and what Swift cannot import of it: its variadic functions.
#pragma once
#include <curl/curl.h>

static inline CURLcode coffer_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode coffer_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode coffer_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode coffer_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode coffer_curl_set_bytes(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode coffer_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

// libcurl's own beginning, once for a process, whoever is first. Returns 0, or libcurl's code.
static inline int coffer_curl_begin(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

// The descriptor of a connection made with CURLOPT_CONNECT_ONLY; -1: there is none.
static inline int coffer_curl_socket_of(CURL *handle) {
    curl_socket_t found = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &found) != CURLE_OK || found == CURL_SOCKET_BAD) return -1;
    return (int)found;
}

typedef size_t (*coffer_curl_data)(char *, size_t, size_t, void *);
typedef curl_socket_t (*coffer_curl_socket)(void *, curlsocktype, struct curl_sockaddr *);
typedef int (*coffer_curl_request)(void *, char *, char *, int, int);
static inline CURLcode coffer_curl_set_data(CURL *handle, CURLoption option, coffer_curl_data value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode coffer_curl_set_socket(CURL *handle, CURLoption option, coffer_curl_socket value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode coffer_curl_set_request(CURL *handle, CURLoption option, coffer_curl_request value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode coffer_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode coffer_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}
