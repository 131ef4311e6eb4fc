#define _GNU_SOURCE
#include "CEvent.h"

#include <event2/event.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

struct event_base *CEventBaseNew(void) {
    struct event_config *configuration = event_config_new();
    if (configuration == NULL) return NULL;
    event_config_set_flag(configuration, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
    struct event_base *base = event_base_new_with_config(configuration);
    event_config_free(configuration);
    return base;
}

void CEventBaseFree(struct event_base *base) { event_base_free(base); }

void CEventBaseRun(struct event_base *base) { event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY); }

void CEventBaseStop(struct event_base *base) { event_base_loopbreak(base); }

struct event *CEventNewReadable(struct event_base *base, int descriptor, CEventCallback callback, void *context) {
    return event_new(base, descriptor, EV_READ | EV_PERSIST, callback, context);
}

struct event *CEventNewWritable(struct event_base *base, int descriptor, CEventCallback callback, void *context) {
    return event_new(base, descriptor, EV_WRITE | EV_PERSIST, callback, context);
}

struct event *CEventNewTimer(struct event_base *base, CEventCallback callback, void *context) {
    return event_new(base, -1, 0, callback, context);
}

int CEventEnable(struct event *event) { return event_add(event, NULL); }

int CEventEnableAfter(struct event *event, uint64_t nanoseconds) {
    struct timeval delay = {
        .tv_sec = (time_t)(nanoseconds / 1000000000),
        .tv_usec = (suseconds_t)(nanoseconds % 1000000000 / 1000),
    };
    return event_add(event, &delay);
}

void CEventDisable(struct event *event) { event_del(event); }

void CEventFree(struct event *event) { event_free(event); }

int CEventWakerNew(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void CEventWake(int waker) { eventfd_write(waker, 1); }

void CEventWakerReset(int waker) {
    eventfd_t count;
    eventfd_read(waker, &count);
}

int CEventAccept(int listener, void *address) {
    socklen_t length = sizeof(struct sockaddr_storage);
    return accept4(listener, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void CEventNameThread(const char *name) { pthread_setname_np(pthread_self(), name); }
