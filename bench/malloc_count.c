/* Counts the allocations of a program: LD_PRELOAD this, and at its end the number of calls of
 * malloc, calloc, realloc and aligned_alloc is written to the file that MALLOC_COUNT_FILE names.
 * gcc -O2 -shared -fPIC -o malloc_count.so malloc_count.c -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong calls;
static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void *(*real_aligned)(size_t, size_t);
static void (*real_free)(void *);

/* dlsym itself allocates a little before the real functions are known. */
static char early[65536];
static size_t early_used;

static void *take_early(size_t size) {
  size = (size + 15) & ~(size_t)15;
  if (early_used + size > sizeof early) {
    return NULL;
  }
  void *taken = early + early_used;
  early_used += size;
  return taken;
}

static int is_early(const void *p) {
  return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static void find(void) {
  static atomic_int finding;
  if (real_malloc || atomic_exchange(&finding, 1)) {
    return;
  }
  real_calloc = dlsym(RTLD_NEXT, "calloc");
  real_realloc = dlsym(RTLD_NEXT, "realloc");
  real_aligned = dlsym(RTLD_NEXT, "aligned_alloc");
  real_free = dlsym(RTLD_NEXT, "free");
  real_malloc = dlsym(RTLD_NEXT, "malloc");
}

void *malloc(size_t size) {
  find();
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  return real_malloc ? real_malloc(size) : take_early(size);
}

void *calloc(size_t count, size_t size) {
  find();
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  return real_calloc ? real_calloc(count, size) : take_early(count * size);
}

void *realloc(void *old, size_t size) {
  find();
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  if (is_early(old) || !real_realloc) {
    void *made = real_malloc ? real_malloc(size) : take_early(size);
    if (old && made) {
      size_t there = (size_t)(early + sizeof early - (char *)old);
      memcpy(made, old, size < there ? size : there);
    }
    return made;
  }
  return real_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  find();
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  return real_aligned ? real_aligned(alignment, size) : take_early(size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  size_t rounded = (size + alignment - 1) / alignment * alignment;
  *out = aligned_alloc(alignment, rounded);
  return *out ? 0 : ENOMEM;
}

void free(void *p) {
  if (p && !is_early(p) && real_free) {
    real_free(p);
  }
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("MALLOC_COUNT_FILE");
  unsigned long counted = atomic_load(&calls);
  FILE *out = path ? fopen(path, "w") : NULL;
  if (out) {
    fprintf(out, "%lu\n", counted);
    fclose(out);
  }
}
