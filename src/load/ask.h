/* Private to load/: its statements by the name of their file in sql/. */
#ifndef MP_LOAD_ASK_H
#define MP_LOAD_ASK_H

#include "store/rows.h"
#include "store/store.h"

MP_MUST_CHECK int load_statement(struct store *store, const char *name,
                                 struct store_statement **out, struct mp_error *err);
/* Runs a statement without an answer and destroys it. */
MP_MUST_CHECK int load_run(struct store *store, struct store_statement *statement,
                           struct mp_error *err);
/* Runs a statement that only reads, hands its rows to on_row, and destroys it. */
MP_MUST_CHECK int load_ask(struct store *store, struct store_statement *statement,
                           const char *columns, store_on_row *on_row, void *arg,
                           struct mp_error *err);
/* The same for an answer of one UInt64. */
MP_MUST_CHECK int load_ask_count(struct store *store, struct store_statement *statement,
                                 uint64_t *count, struct mp_error *err);
/* Waits until no mutation of the table runs. MP_E_TIMEOUT after MUTATION_WAIT_MS_MAX, or
 * MP_E_CANCELLED when is_cancelled (NULL = never) says so. */
#define MUTATION_WAIT_MS_MAX (30 * 60 * 1000LL)
MP_MUST_CHECK int load_wait_mutations(struct store *store, const char *table,
                                      bool (*is_cancelled)(void *arg), void *arg,
                                      struct mp_error *err);

#endif
