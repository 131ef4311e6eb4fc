#pragma once
// No feature macros here: they would change declarations of the C library that other modules of the same program see too.
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

// glibc's, declared in its headers only for GNU sources.
const char *strerrordesc_np(int number);

// Swift cannot call variadic functions: one inline per kind of argument. The parentheses step around curl's type-checking
// macros, which want the option to be a constant.

static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return (curl_easy_setopt)(handle, option, value);
}

static inline CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(handle, option, value);
}

/// Response head and body.
static inline CURLcode ccurl_set_receive_callbacks(
    CURL *handle, curl_write_callback header, curl_write_callback body, void *context) {
    CURLcode code = (curl_easy_setopt)(handle, CURLOPT_HEADERFUNCTION, header);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_HEADERDATA, context);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_WRITEFUNCTION, body);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_WRITEDATA, context);
    return code;
}

/// Request body, and starting it again.
static inline CURLcode ccurl_set_send_callbacks(
    CURL *handle, curl_read_callback read, curl_seek_callback seek, void *context) {
    CURLcode code = (curl_easy_setopt)(handle, CURLOPT_READFUNCTION, read);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_READDATA, context);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_SEEKFUNCTION, seek);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_SEEKDATA, context);
    return code;
}

/// Opening and closing sockets: the closing context has to live as long as the connection, that is as the multi handle.
static inline CURLcode ccurl_set_socket_callbacks(
    CURL *handle, curl_opensocket_callback opened, void *opening, curl_closesocket_callback closed, void *closing) {
    CURLcode code = (curl_easy_setopt)(handle, CURLOPT_OPENSOCKETFUNCTION, opened);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_OPENSOCKETDATA, opening);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_CLOSESOCKETFUNCTION, closed);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_CLOSESOCKETDATA, closing);
    return code;
}

static inline CURLcode ccurl_set_tls_callback(CURL *handle, curl_ssl_ctx_callback callback, void *context) {
    CURLcode code = (curl_easy_setopt)(handle, CURLOPT_SSL_CTX_FUNCTION, callback);
    if (code == CURLE_OK) code = (curl_easy_setopt)(handle, CURLOPT_SSL_CTX_DATA, context);
    return code;
}

static inline long ccurl_get_long(CURL *handle, CURLINFO info) {
    long value = 0;
    return (curl_easy_getinfo)(handle, info, &value) == CURLE_OK ? value : 0;
}

static inline void *ccurl_get_private(CURL *handle) {
    char *value = NULL;
    return (curl_easy_getinfo)(handle, CURLINFO_PRIVATE, &value) == CURLE_OK ? (void *)value : NULL;
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

/// Which sockets and which time the multi handle waits for.
static inline CURLMcode ccurl_multi_set_callbacks(
    CURLM *multi, curl_socket_callback socket, curl_multi_timer_callback timer, void *context) {
    CURLMcode code = (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, socket);
    if (code == CURLM_OK) code = (curl_multi_setopt)(multi, CURLMOPT_SOCKETDATA, context);
    if (code == CURLM_OK) code = (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, timer);
    if (code == CURLM_OK) code = (curl_multi_setopt)(multi, CURLMOPT_TIMERDATA, context);
    return code;
}

/// The result of a finished transfer; -1 when the message says something else.
static inline int ccurl_message_result(const CURLMsg *message) {
    return message->msg == CURLMSG_DONE ? (int)message->data.result : -1;
}

// The event loop's system calls: epoll_event is a packed struct around a union, which Swift handles badly.

/// One ready descriptor and what was registered with it.
typedef struct {
    uint64_t tag;
    uint32_t events;
} ccurl_event;

#define CCURL_EVENT_BATCH 64

static inline int ccurl_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int ccurl_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

/// Watches `descriptor` for reading and writing as asked, whether or not it was watched before; with neither, no longer.
static inline int ccurl_epoll_watch(int epoll, int descriptor, int reading, int writing, uint64_t tag) {
    struct epoll_event event = {0};
    event.events = (reading ? EPOLLIN : 0) | (writing ? EPOLLOUT : 0);
    event.data.u64 = tag;
    if (event.events == 0) return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) == 0) return 0;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/// Waits `milliseconds` (-1: for ever) and fills at most CCURL_EVENT_BATCH events; returns how many.
static inline int ccurl_epoll_wait(int epoll, ccurl_event *events, int milliseconds) {
    struct epoll_event ready[CCURL_EVENT_BATCH];
    int count = epoll_wait(epoll, ready, CCURL_EVENT_BATCH, milliseconds);
    for (int index = 0; index < count; index++) {
        events[index].tag = ready[index].data.u64;
        events[index].events = ready[index].events;
    }
    return count;
}

/// The events of a ready descriptor as curl_multi_socket_action wants them.
static inline int ccurl_event_mask(uint32_t events) {
    return ((events & EPOLLIN) ? CURL_CSELECT_IN : 0) | ((events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
           ((events & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0);
}

/// A socket for `address`; sent bytes that nobody acknowledges for `milliseconds` (0: the system's default) end the connection.
static inline curl_socket_t ccurl_open_socket(const struct curl_sockaddr *address, unsigned milliseconds) {
    int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (descriptor >= 0 && milliseconds > 0 && (address->family == AF_INET || address->family == AF_INET6))
        setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
    return descriptor < 0 ? CURL_SOCKET_BAD : descriptor;
}

/// Names the calling thread, for `top` and debuggers; at most 15 characters.
static inline void ccurl_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

/// What an errno means, in English and safe between threads (strerror is neither); NULL for an unknown one.
static inline const char *ccurl_error_text(int number) { return strerrordesc_np(number); }
