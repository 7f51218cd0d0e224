/* chDB has a setting for this, which needs CAP_SYS_NICE; setting its threads' priority does not. */
#include "engine/internal.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define MERGES_NICE 19
/* As chDB names the threads of its pool for merges and mutations, which live as long as it. */
#define MERGES_NAME "MergeMutate\n"
#define NAME_BYTES_MAX 32

static bool is_of_merges(const char *thread) {
    char path[64];
    char name[NAME_BYTES_MAX] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", thread);
    FILE *file = fopen(path, "re");
    bool is_read = file && fgets(name, sizeof(name), file);
    if (file) {
        fclose(file);
    }
    return is_read && strcmp(name, MERGES_NAME) == 0;
}

bool merges_step_back(void) {
    int found = 0;
    DIR *threads = opendir("/proc/self/task");
    for (struct dirent *entry; threads && (entry = readdir(threads));) {
        long thread = strtol(entry->d_name, NULL, 10);
        if (thread > 0 && is_of_merges(entry->d_name)) {
            (void)setpriority(PRIO_PROCESS, (id_t)thread, MERGES_NICE);
            found++;
        }
    }
    if (threads) {
        closedir(threads);
    }
    return found > 0;
}
