/* Bare LMDB doing what Coffer's store does for a put, and nothing else: the floor under a durable PUT.
 *
 *     bare_lmdb FOLDER PUTS_PER_COMMIT SECONDS
 *
 * FOLDER is a copy of a generation of a store (data.mdb). Each put inserts a row as long as the others into `values`, writes a random row
 * of `secrets` again and appends one to `change-log`; each commit also writes `head` and `audit-head` again, and syncs as LMDB does.
 * The bytes are random: nothing is sealed, checked, counted, audited or answered. Prints one line of JSON.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(int result, const char *what) {
    if (result == 0) return;
    fprintf(stderr, "bare_lmdb: %s: %s\n", what, mdb_strerror(result));
    exit(2);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static unsigned long long state = 88172645463325252ull;

static unsigned long long next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static void fill(unsigned char *bytes, size_t count) {
    for (size_t at = 0; at < count; at++) bytes[at] = (unsigned char)(next() >> 24);
}

static int compare(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return difference < 0 ? -1 : difference > 0;
}

/* The one row of a small table, its key and value copied. */
static void only_row(MDB_txn *transaction, MDB_dbi table, MDB_cursor_op where, MDB_val *key, MDB_val *value, const char *what) {
    MDB_cursor *cursor;
    check(mdb_cursor_open(transaction, table, &cursor), what);
    check(mdb_cursor_get(cursor, key, value, where), what);
    key->mv_data = memcpy(malloc(key->mv_size), key->mv_data, key->mv_size);
    value->mv_data = memcpy(malloc(value->mv_size), value->mv_data, value->mv_size);
    mdb_cursor_close(cursor);
}

int main(int count, char **arguments) {
    if (count != 4) return fprintf(stderr, "bare_lmdb FOLDER PUTS_PER_COMMIT SECONDS\n"), 2;
    int group = atoi(arguments[2]);
    double seconds = atof(arguments[3]);
    if (group < 1 || seconds <= 0) return fprintf(stderr, "bare_lmdb: PUTS_PER_COMMIT and SECONDS are more than 0\n"), 2;
    MDB_env *environment;
    check(mdb_env_create(&environment), "mdb_env_create");
    check(mdb_env_set_mapsize(environment, (size_t)8 << 30), "mdb_env_set_mapsize");
    check(mdb_env_set_maxdbs(environment, 64), "mdb_env_set_maxdbs");
    check(mdb_env_open(environment, arguments[1], MDB_NORDAHEAD | MDB_NOTLS, 0600), "mdb_env_open");

    MDB_txn *transaction;
    MDB_dbi values, secrets, log, head, audit;
    check(mdb_txn_begin(environment, NULL, 0, &transaction), "mdb_txn_begin");
    check(mdb_dbi_open(transaction, "values", 0, &values), "values");
    check(mdb_dbi_open(transaction, "secrets", 0, &secrets), "secrets");
    check(mdb_dbi_open(transaction, "change-log", 0, &log), "change-log");
    check(mdb_dbi_open(transaction, "head", 0, &head), "head");
    check(mdb_dbi_open(transaction, "audit-head", 0, &audit), "audit-head");
    MDB_val head_key, head_value, audit_key, audit_value, log_key, log_value, value_key, value;
    only_row(transaction, head, MDB_FIRST, &head_key, &head_value, "head");
    only_row(transaction, audit, MDB_FIRST, &audit_key, &audit_value, "audit-head");
    only_row(transaction, log, MDB_LAST, &log_key, &log_value, "change-log");
    only_row(transaction, values, MDB_FIRST, &value_key, &value, "values");
    MDB_stat statistics;
    check(mdb_stat(transaction, secrets, &statistics), "secrets");
    size_t names = statistics.ms_entries, read = 0;
    MDB_val *keys = calloc(names, sizeof *keys);
    MDB_cursor *cursor;
    check(mdb_cursor_open(transaction, secrets, &cursor), "secrets");
    MDB_val key, row;
    while (read < names && mdb_cursor_get(cursor, &key, &row, MDB_NEXT) == 0) {
        keys[read].mv_size = key.mv_size;
        keys[read++].mv_data = memcpy(malloc(key.mv_size), key.mv_data, key.mv_size);
    }
    mdb_cursor_close(cursor);
    check(mdb_txn_commit(transaction), "mdb_txn_commit");
    if (read == 0) return fprintf(stderr, "bare_lmdb: there are no secrets\n"), 2;

    unsigned char *place = log_key.mv_data;
    size_t capacity = 1 << 20, commits = 0;
    double *times = malloc(capacity * sizeof *times), begin = now(), last = begin;
    while (last - begin < seconds && commits < capacity) {
        check(mdb_txn_begin(environment, NULL, 0, &transaction), "mdb_txn_begin");
        for (int put = 0; put < group; put++) {
            fill(value_key.mv_data, value_key.mv_size - 8);
            fill(value.mv_data, value.mv_size);
            check(mdb_put(transaction, values, &value_key, &value, 0), "a put into values");
            key = keys[next() % names];
            check(mdb_get(transaction, secrets, &key, &row), "a get from secrets");
            MDB_val fresh = { row.mv_size, memcpy(malloc(row.mv_size), row.mv_data, row.mv_size) };
            fill(fresh.mv_data, fresh.mv_size);
            check(mdb_put(transaction, secrets, &key, &fresh, 0), "a put into secrets");
            free(fresh.mv_data);
            for (size_t at = log_key.mv_size; at-- > 0 && ++place[at] == 0;) {}
            fill(log_value.mv_data, log_value.mv_size);
            check(mdb_put(transaction, log, &log_key, &log_value, MDB_APPEND), "a put into change-log");
        }
        fill(head_value.mv_data, head_value.mv_size);
        check(mdb_put(transaction, head, &head_key, &head_value, 0), "a put into head");
        fill(audit_value.mv_data, audit_value.mv_size);
        check(mdb_put(transaction, audit, &audit_key, &audit_value, 0), "a put into audit-head");
        check(mdb_txn_commit(transaction), "mdb_txn_commit");
        double time = now();
        times[commits++] = time - last;
        last = time;
    }
    qsort(times, commits, sizeof *times, compare);
    printf("{\"puts_per_commit\": %d, \"commits\": %zu, \"puts_per_second\": %.1f, \"commit_p50_us\": %.1f}\n", group, commits,
        commits * group / (last - begin), times[commits / 2] * 1e6);
    return 0;
}
