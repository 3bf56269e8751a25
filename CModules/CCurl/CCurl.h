// curl/curl.h, as Debian ships it.
#ifndef HOPSHIFT_CCURL_H
#define HOPSHIFT_CCURL_H

#include <curl/curl.h>

// Variadic: one function for each kind of argument. Parentheses avoid the type-checking macros,
// which need the option to be a constant.
static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_text(CURL *easy, CURLoption option, const char *value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, const void *value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_taker(
    CURL *easy, CURLoption option, size_t (*value)(char *, size_t, size_t, void *)) {
  return (curl_easy_setopt)(easy, option, value);
}
static inline CURLcode ccurl_set_permit(
    CURL *easy, int (*value)(void *, char *, char *, int, int)) {
  return (curl_easy_setopt)(easy, CURLOPT_PREREQFUNCTION, value);
}
static inline CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value) {
  return (curl_easy_getinfo)(easy, info, value);
}
static inline CURLcode ccurl_get_pointer(CURL *easy, CURLINFO info, void **value) {
  return (curl_easy_getinfo)(easy, info, value);
}
static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return (curl_multi_setopt)(multi, option, value);
}
static inline CURLMcode ccurl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
  return (curl_multi_setopt)(multi, option, value);
}
static inline CURLMcode ccurl_multi_set_socket(
    CURLM *multi, int (*value)(CURL *, curl_socket_t, int, void *, void *)) {
  return (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, value);
}
static inline CURLMcode ccurl_multi_set_timer(
    CURLM *multi, int (*value)(CURLM *, long, void *)) {
  return (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, value);
}

// A union, of which only this member is defined for a message that is done.
static inline CURLcode ccurl_result(const CURLMsg *message) { return message->data.result; }

#endif
