/* A shim for LD_PRELOAD: lets one of the calls that change or read files under a folder fail, as a disk that is full or
 * breaks does. Calls are counted from `arm` on. Each is noted in a log, a line each: its name and its path.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum fault { EIO_ONCE, EIO_FOR_GOOD, DISK_FULL, SHORT_ONCE, READ_ONCE };
/* What a call does: changes a file, needs room, writes bytes, reads. */
enum need { CHANGE = 1, ROOM = 2, BYTES = 4, READ = 8 };
enum verdict { PASS, FAIL, HALVE };

static char folder[PATH_MAX];
static enum fault fault;
static long number;
static int log_file = -1;
static atomic_long calls;

/* `number` is the first call that fails; 0 lets all pass. */
void arm(const char *under, int what, long first, int log)
{
    fault = what, number = first, log_file = log, atomic_store(&calls, 0);
    snprintf(folder, sizeof folder, "%s/", under);
}

static enum verdict judged(const char *name, const char *path, int need)
{
    static const int counted[] = {CHANGE | ROOM | BYTES, CHANGE | ROOM | BYTES, ROOM | BYTES, BYTES, READ};
    if (!folder[0] || strncmp(path, folder, strlen(folder)) || !(need & counted[fault]))
        return PASS;
    long call = atomic_fetch_add(&calls, 1) + 1;
    char line[PATH_MAX + 32];
    int length = snprintf(line, sizeof line, "%s %s\n", name, path + strlen(folder));
    syscall(SYS_write, log_file, line, (size_t)length);
    int lasts = fault == EIO_FOR_GOOD || fault == DISK_FULL;
    if (!number || call < number || (call > number && !lasts))
        return PASS;
    errno = fault == DISK_FULL ? ENOSPC : EIO;
    return fault == SHORT_ONCE ? HALVE : FAIL;
}

static enum verdict judged_file(const char *name, int file, int need)
{
    char link[64], path[PATH_MAX];
    if (!folder[0] || file < 0)
        return PASS;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return judged(name, path, need);
}

static enum verdict judged_path(const char *name, int directory, const char *path, int need)
{
    char link[64], full[2 * PATH_MAX];
    if (!folder[0] || path[0] == '/')
        return judged(name, path, need);
    snprintf(link, sizeof link, directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, full, PATH_MAX);
    snprintf(full + (length < 0 ? 0 : length), PATH_MAX, "/%s", path);
    return judged(name, full, need);
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

/* Defines a call that fails or passes; `parameters` and `arguments` are in parentheses. */
#define FAILING(result, name, parameters, arguments, verdict) \
    result name parameters                                    \
    {                                                         \
        if ((verdict) == FAIL)                                \
            return (result)-1;                                \
        return REAL(name) arguments;                          \
    }

/* Defines a call that writes `size` bytes, which may be halved. */
#define WRITING(name, parameters, arguments, file, size)     \
    ssize_t name parameters                                  \
    {                                                        \
        enum verdict verdict = judged_file(#name, file, BYTES); \
        if (verdict == FAIL)                                 \
            return -1;                                       \
        if (verdict == HALVE && size > 1)                    \
            size /= 2;                                       \
        return REAL(name) arguments;                         \
    }

WRITING(write, (int file, const void *data, size_t size), (file, data, size), file, size)
WRITING(pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at), file, size)
WRITING(pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at), file, size)
WRITING(writev, (int file, const struct iovec *data, int size), (file, data, size), file, size)
WRITING(sendfile, (int file, int from, off_t *at, size_t size), (file, from, at, size), file, size)
WRITING(sendfile64, (int file, int from, off64_t *at, size_t size), (file, from, at, size), file, size)
WRITING(copy_file_range, (int from, off64_t *begin, int file, off64_t *at, size_t size, unsigned flags),
        (from, begin, file, at, size, flags), file, size)

FAILING(ssize_t, read, (int file, void *data, size_t size), (file, data, size), judged_file("read", file, READ))
FAILING(ssize_t, pread, (int file, void *data, size_t size, off_t at), (file, data, size, at),
        judged_file("pread", file, READ))
FAILING(ssize_t, pread64, (int file, void *data, size_t size, off64_t at), (file, data, size, at),
        judged_file("pread64", file, READ))
FAILING(int, fsync, (int file), (file), judged_file("fsync", file, ROOM))
FAILING(int, fdatasync, (int file), (file), judged_file("fdatasync", file, ROOM))
FAILING(int, rename, (const char *from, const char *to), (from, to), judged_path("rename", AT_FDCWD, to, CHANGE))
FAILING(int, renameat, (int at, const char *from, int into, const char *to), (at, from, into, to),
        judged_path("renameat", into, to, CHANGE))
FAILING(int, renameat2, (int at, const char *from, int into, const char *to, unsigned flags),
        (at, from, into, to, flags), judged_path("renameat2", into, to, CHANGE))
FAILING(int, unlink, (const char *path), (path), judged_path("unlink", AT_FDCWD, path, CHANGE))
FAILING(int, unlinkat, (int at, const char *path, int flags), (at, path, flags),
        judged_path("unlinkat", at, path, CHANGE))
FAILING(int, rmdir, (const char *path), (path), judged_path("rmdir", AT_FDCWD, path, CHANGE))
FAILING(int, mkdir, (const char *path, mode_t mode), (path, mode), judged_path("mkdir", AT_FDCWD, path, ROOM))
FAILING(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), judged_path("mkdirat", at, path, ROOM))
FAILING(int, link, (const char *from, const char *to), (from, to), judged_path("link", AT_FDCWD, to, ROOM))
FAILING(int, linkat, (int at, const char *from, int into, const char *to, int flags), (at, from, into, to, flags),
        judged_path("linkat", into, to, ROOM))
FAILING(void *, mmap, (void *where, size_t size, int access, int flags, int file, off_t at),
        (where, size, access, flags, file, at), judged_file("mmap", file, CHANGE))
FAILING(void *, mmap64, (void *where, size_t size, int access, int flags, int file, off64_t at),
        (where, size, access, flags, file, at), judged_file("mmap64", file, CHANGE))

static int grows(int file, off64_t size)
{
    struct stat now;
    return fstat(file, &now) == 0 && size > now.st_size ? ROOM : CHANGE;
}

FAILING(int, ftruncate, (int file, off_t size), (file, size), judged_file("ftruncate", file, grows(file, size)))
FAILING(int, ftruncate64, (int file, off64_t size), (file, size), judged_file("ftruncate64", file, grows(file, size)))

#define OPENING(name, parameters, directory, ...)                                                    \
    int name parameters                                                                              \
    {                                                                                                \
        va_list rest;                                                                                \
        va_start(rest, flags);                                                                       \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                      \
        va_end(rest);                                                                                \
        int need = flags & (O_CREAT | O_TRUNC) ? ROOM : READ;                                        \
        if (judged_path(#name, directory, path, need) == FAIL)                                       \
            return -1;                                                                               \
        return REAL(name)(__VA_ARGS__, mode);                                                        \
    }

OPENING(open, (const char *path, int flags, ...), AT_FDCWD, path, flags)
OPENING(open64, (const char *path, int flags, ...), AT_FDCWD, path, flags)
OPENING(openat, (int at, const char *path, int flags, ...), at, at, path, flags)
OPENING(openat64, (int at, const char *path, int flags, ...), at, at, path, flags)

/* What a stream has buffered is written here by calls inside the C library, which no shim sees. */
int fclose(FILE *stream)
{
    if (!__fpending(stream) || judged_file("fclose", fileno(stream), ROOM) != FAIL)
        return REAL(fclose)(stream);
    int reason = errno;
    __fpurge(stream);
    REAL(fclose)(stream);
    errno = reason;
    return EOF;
}
