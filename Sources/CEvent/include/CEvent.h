#pragma once

#include <stdint.h>

// The little of libevent and of Linux that HTTPServing needs. This header includes no socket headers: which Swift module
// their declarations then belong to would depend on the order in which modules are built.

struct event;
struct event_base;

typedef void (*CEventCallback)(int descriptor, short what, void *context);

/// A new event base without locks, for one thread; NULL when the system refuses.
struct event_base *CEventBaseNew(void);
void CEventBaseFree(struct event_base *base);
/// Runs events until CEventBaseStop.
void CEventBaseRun(struct event_base *base);
void CEventBaseStop(struct event_base *base);

/// An event that is not yet enabled; NULL when there is no memory.
struct event *CEventNewReadable(struct event_base *base, int descriptor, CEventCallback callback, void *context);
struct event *CEventNewWritable(struct event_base *base, int descriptor, CEventCallback callback, void *context);
struct event *CEventNewTimer(struct event_base *base, CEventCallback callback, void *context);
/// 0, or -1.
int CEventEnable(struct event *event);
int CEventEnableAfter(struct event *event, uint64_t nanoseconds);
void CEventDisable(struct event *event);
void CEventFree(struct event *event);

/// A descriptor by which threads wake a loop: -1 with errno set when the system refuses.
int CEventWakerNew(void);
void CEventWake(int waker);
void CEventWakerReset(int waker);

/// accept4, not blocking and closed on exec; `address` has room for a sockaddr_storage.
int CEventAccept(int listener, void *address);
/// Names the calling thread, at most 15 bytes.
void CEventNameThread(const char *name);
