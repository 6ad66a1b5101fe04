/* A disk that fails at one write or sync, or from that one on. Loaded before a program (LD_PRELOAD), it counts calls on files below the folder in
   FAULT_FOLDER. It is told what to do by a write of "CALL ERRNO LASTS" to the file in FAULT_CONTROL; there it leaves how many calls were counted
   since it was told last. Call 0 fails nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls, fail_at;
static atomic_int fault, lasts;

static int lies_in(int fd, const char *variable, int exactly) {
    char link[64], path[PATH_MAX];
    const char *place = getenv(variable);
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (!place || length < 0) return 0;
    path[length] = 0;
    return exactly ? strcmp(path, place) == 0 : strncmp(path, place, strlen(place)) == 0;
}

/* Whether this call fails; then errno is set. */
static int fails(int fd) {
    if (!lies_in(fd, "FAULT_FOLDER", 0)) return 0;
    long call = atomic_fetch_add(&calls, 1) + 1, at = atomic_load(&fail_at);
    if (at == 0 || call < at || (call > at && !atomic_load(&lasts))) return 0;
    errno = atomic_load(&fault);
    return 1;
}

/* Whether this write was for us. */
static int is_told(int fd, const void *bytes, size_t size) {
    char words[64] = {0};
    long at;
    int number, on;
    if (size >= sizeof words || !lies_in(fd, "FAULT_CONTROL", 1)) return 0;
    memcpy(words, bytes, size);
    if (sscanf(words, "%ld %d %d", &at, &number, &on) != 3) return 0;
    int length = snprintf(words, sizeof words, "%ld", atomic_load(&calls));
    syscall(SYS_ftruncate, fd, 0L);
    syscall(SYS_pwrite64, fd, words, (size_t)length, 0L);
    atomic_store(&calls, 0);
    atomic_store(&fault, number);
    atomic_store(&lasts, on);
    atomic_store(&fail_at, at);
    return 1;
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t size) {
    if (is_told(fd, bytes, size)) return (ssize_t)size;
    return fails(fd) ? -1 : REAL(write)(fd, bytes, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) { return fails(fd) ? -1 : REAL(writev)(fd, parts, count); }

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return fails(fd) ? -1 : REAL(pwrite)(fd, bytes, size, at); }

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { return fails(fd) ? -1 : REAL(pwrite64)(fd, bytes, size, at); }

int fsync(int fd) { return fails(fd) ? -1 : REAL(fsync)(fd); }

int fdatasync(int fd) { return fails(fd) ? -1 : REAL(fdatasync)(fd); }

int ftruncate(int fd, off_t size) { return fails(fd) ? -1 : REAL(ftruncate)(fd, size); }

int ftruncate64(int fd, off64_t size) { return fails(fd) ? -1 : REAL(ftruncate64)(fd, size); }
