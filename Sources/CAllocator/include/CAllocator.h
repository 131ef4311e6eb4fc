// What Glibc's overlay does not show to Swift: the settings of glibc's allocator.
#ifndef CALLOCATOR_H
#define CALLOCATOR_H

/// mallopt(M_ARENA_MAX, count): 1 for success; 0 where the C library has no such setting.
int callocator_limit_arenas(int count);

#endif
