#pragma once
// Before libevent's headers, so that its configuration cannot change which of the C library's declarations are seen.
#include <features.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <event2/event.h>

// Linux calls that the C library declares only for GNU sources.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
int pthread_setname_np(unsigned long thread, const char *name);
