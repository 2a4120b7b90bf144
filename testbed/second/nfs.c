/* Preloaded into host 2's libvirtd while it uses host 1's directory of instances: that directory is on NFS, says statfs.
 *
 * libvirt refuses a live migration between two hosts whose disks lie on a file system that it does not know to be shared
 * (virFileIsSharedFS), and leaves the owner of the disks alone where it is. A small machine's kernel has no NFS. What
 * is behind the path here is one file system, seen by both hosts: more coherent than NFS, and as shared. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define NFS_SUPER_MAGIC 0x6969

int statfs64(const char *path, struct statfs64 *found)
{
    static int (*real)(const char *, struct statfs64 *);
    const char *shared = getenv("TESTBED_SHARED");

    if (!real)
        real = (int (*)(const char *, struct statfs64 *)) dlsym(RTLD_NEXT, "statfs64");
    int failed = real(path, found);
    if (!failed && shared && !strncmp(path, shared, strlen(shared)))
        found->f_type = NFS_SUPER_MAGIC;
    return failed;
}
