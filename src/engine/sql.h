/*
 * Private to engine/. As much of SQL's surface as routing a request needs: tokens, where an
 * INSERT's rows begin, the format that is named. The text is hostile. The engine's own parser has
 * the last word on everything else; where both must agree (reader.c), what could be read in two
 * ways is refused.
 */
#ifndef MP_ENGINE_SQL_H
#define MP_ENGINE_SQL_H

#include "base/str.h"

enum sql_kind {
    SQL_END,
    SQL_WORD,   /* letters, digits, underscores */
    SQL_STRING, /* '…' with its quotes */
    SQL_NAME,   /* `…` or "…" with its quotes */
    SQL_MARK,   /* any other byte */
};

struct sql_token {
    enum sql_kind kind;
    bool is_cut; /* a quote or comment that does not end */
    struct mp_str text;
};

/* Cuts the next token off *left, skipping blanks and comments. At the end text is empty and points
 * to the end. */
struct sql_token sql_next(struct mp_str *left);
/* True for a SQL_WORD that is word, whatever its case. */
bool sql_is(struct sql_token token, const char *word);
/* True for a SQL_MARK of that byte. */
bool sql_is_mark(struct sql_token token, char mark);

struct sql_shape {
    bool is_insert;       /* INSERT with rows behind FORMAT or VALUES */
    bool is_select;       /* SELECT, WITH, FROM or a bracket */
    bool touches_files;   /* INTO OUTFILE, FROM INFILE: the client's, refused */
    struct mp_str head;   /* is_insert: the statement up to FORMAT or VALUES */
    struct mp_str format; /* of the rows, or of the answer; empty when not named */
    struct mp_str rows;   /* is_insert: what follows in the same text */
};

/* Looks at a statement, or at its beginning: is_insert is set as soon as it is certain. */
void sql_look(struct mp_str text, struct sql_shape *out);

/* True for exactly KILL QUERY WHERE query_id = '…' [SYNC|ASYNC|TEST] [FORMAT name] [;]: *id is the
 * literal with its quotes, *rest what stands behind it without the semicolon. */
bool sql_is_kill(struct mp_str text, struct mp_str *id, struct mp_str *rest);

#endif
