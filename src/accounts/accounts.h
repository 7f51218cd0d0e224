/*
 * Who may do what: users and their passwords, roles on apps, sessions, API tokens, invitations, the
 * first set-up, throttled log-in, what Weixin's SDKs show, and the audit log. Lives in the SQLite
 * database DATA_DIR/minipulse.db, which serve and the commands may have open at once. Thread-safe;
 * blocks on the disk and, where a password is checked, for a tenth of a second, so not for event
 * loops.
 *
 * A secret (session, token, code) is random, given out once, and kept as a hash only. Each change
 * names its caller, who stands in the audit log with it. Whether a caller may is decided by api/.
 */
#ifndef MP_ACCOUNTS_ACCOUNTS_H
#define MP_ACCOUNTS_ACCOUNTS_H

#include "base/apps.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ACCOUNTS_FILE "minipulse.db"
#define ACCOUNTS_NAME_MAX 64      /* bytes of a user's name */
#define ACCOUNTS_LABEL_MAX 64     /* bytes of what a token is called */
#define ACCOUNTS_PASSWORD_MIN 10  /* bytes */
#define ACCOUNTS_PASSWORD_MAX 256 /* bytes */
#define ACCOUNTS_SECRET_SIZE 48   /* of a secret's text with its NUL */
#define ACCOUNTS_ADDRESS_SIZE 46  /* of an IP address's text with its NUL */
#define ACCOUNTS_USERS_MAX 10000
#define ACCOUNTS_TOKENS_MAX 1000     /* of one app */
#define ACCOUNTS_INVITATIONS_MAX 100 /* of one app, that hold */
#define ACCOUNTS_SESSIONS_MAX 50     /* of one user; the oldest end for new ones */
#define ACCOUNTS_INVITATION_MS (7LL * 24 * 3600 * 1000)
#define ACCOUNTS_AUDIT_PAGE_MAX 500 /* entries told at once */

/* What one may on an app; each may what those before it may. Stored: never renumber. */
enum accounts_role { ACCOUNTS_NONE, ACCOUNTS_VIEWER, ACCOUNTS_ANALYST, ACCOUNTS_OWNER };
/* "viewer", …; ACCOUNTS_NONE is "none". */
const char *accounts_role_name(enum accounts_role role);
/* False unless text is the name of a role other than none. */
MP_MUST_CHECK bool accounts_role_parse(struct mp_str text, enum accounts_role *out);

/* Stored: never renumber. */
enum accounts_kind { ACCOUNTS_NOBODY, ACCOUNTS_USER, ACCOUNTS_TOKEN, ACCOUNTS_COMMAND };
const char *accounts_kind_name(enum accounts_kind kind); /* "nobody", "user", "token", "command" */

/* Who asks, and from where. */
struct accounts_caller {
    enum accounts_kind kind;
    int64_t id; /* of the user or token */
    /* The user's name, the token's label; for a command, who ran it. */
    char name[ACCOUNTS_NAME_MAX + 1];
    bool is_admin;               /* of the whole server: an owner of each app */
    char app[MP_APP_ID_MAX + 1]; /* the token's */
    enum accounts_role role;     /* the token's, on that app */
    int64_t expires_ms;          /* the session's end */
    char address[ACCOUNTS_ADDRESS_SIZE];
};

struct accounts;
struct accounts_config {
    const char *path;   /* of the database; made (mode 0600) when missing */
    int64_t session_ms; /* how long a log-in holds */
};
/* Brings the schema up to date. MP_E_IO, MP_E_CORRUPT (no database of ours, or of a newer program),
 * MP_E_FULL when others keep it locked. */
MP_MUST_CHECK int accounts_open(const struct accounts_config *config, struct accounts **out,
                                struct mp_error *err);
void accounts_close(struct accounts *accounts);

/*
 * Errors of all functions below, beside their own: MP_E_IO, MP_E_CORRUPT, MP_E_MEMORY, and
 * MP_E_FULL when another process keeps the database locked for seconds or a maximum above is
 * reached. What is wrong with a name, password or label is MP_E_ARGUMENT with that field.
 */

/* ---- Who is it? ------------------------------------------------------------------------- */

/* By an API token's text. MP_E_DENIED when there is no such token. Notes the use, to the minute. */
MP_MUST_CHECK int accounts_by_token(struct accounts *accounts, struct mp_str token,
                                    struct accounts_caller *out, struct mp_error *err);
/* By a session's secret. MP_E_DENIED when there is no such session or it has ended. */
MP_MUST_CHECK int accounts_by_session(struct accounts *accounts, struct mp_str secret,
                                      struct accounts_caller *out, struct mp_error *err);
/* What a page must send with each change in that session: made from the secret, which the page
 * cannot read. Pure. */
void accounts_csrf(struct mp_str secret, char out[ACCOUNTS_SECRET_SIZE]);
/* True when text is what accounts_csrf makes of the secret; in constant time. */
bool accounts_csrf_fits(struct mp_str secret, struct mp_str text);
/* ACCOUNTS_NONE when the caller has nothing to do with the app. Does not ask whether it exists. */
MP_MUST_CHECK int accounts_role_on(struct accounts *accounts, const struct accounts_caller *caller,
                                   struct mp_str app, enum accounts_role *out,
                                   struct mp_error *err);
/* Called for each; must not call this room again. */
typedef void accounts_on_membership(void *arg, const char *app, enum accounts_role role);
/* The apps of which a user is a member, by id. An administrator may be a member of none. */
MP_MUST_CHECK int accounts_memberships(struct accounts *accounts, int64_t user,
                                       accounts_on_membership *on, void *arg, struct mp_error *err);

/* ---- Sessions --------------------------------------------------------------------------- */

struct accounts_session {
    char secret[ACCOUNTS_SECRET_SIZE];
    int64_t expires_ms;
};

/* What a person types; the texts borrow. */
struct accounts_login {
    struct mp_str name;
    struct mp_str password;
    struct mp_str code;  /* of set-up or invitation */
    const char *address; /* from where */
    int64_t wait_ms;     /* out, with MP_E_TOO_OFTEN: when to try again */
};

/*
 * MP_E_DENIED when name or password is wrong: nobody learns which, not by the time it takes either.
 * MP_E_TOO_OFTEN after too many failures for that name or from that address; then nothing is
 * checked. MP_E_FULL when too many passwords are being checked.
 */
MP_MUST_CHECK int accounts_log_in(struct accounts *accounts, struct accounts_login *login,
                                  struct accounts_session *out, struct mp_error *err);
MP_MUST_CHECK int accounts_log_out(struct accounts *accounts, const struct accounts_caller *by,
                                   struct mp_str secret, struct mp_error *err);
/* A user's own new password; all sessions but the caller's own end. MP_E_DENIED when the current
 * one is wrong (throttled like log-in). */
MP_MUST_CHECK int accounts_change_password(struct accounts *accounts,
                                           const struct accounts_caller *by, struct mp_str secret,
                                           struct mp_str current, struct mp_str password,
                                           int64_t *wait_ms, struct mp_error *err);

/* ---- The first user --------------------------------------------------------------------- */

/* False in *out when there is a user. Otherwise code becomes the set-up code, the one before is
 * void. */
MP_MUST_CHECK int accounts_setup_begin(struct accounts *accounts, bool *out,
                                       char code[ACCOUNTS_SECRET_SIZE], struct mp_error *err);
MP_MUST_CHECK int accounts_needs_setup(struct accounts *accounts, bool *out, struct mp_error *err);
/* Makes the first user, an administrator, and logs in. MP_E_EXISTS when there is a user,
 * MP_E_DENIED (code), MP_E_TOO_OFTEN. */
MP_MUST_CHECK int accounts_set_up(struct accounts *accounts, struct accounts_login *login,
                                  struct accounts_session *out, struct mp_error *err);

/* ---- Users ------------------------------------------------------------------------------ */

struct accounts_user {
    const char *name;
    bool is_admin;
    int64_t created_ms;
    int64_t logged_in_ms; /* 0 = never */
};
typedef void accounts_on_user(void *arg, const struct accounts_user *user);
MP_MUST_CHECK int accounts_users(struct accounts *accounts, accounts_on_user *on, void *arg,
                                 struct mp_error *err);
/* MP_E_EXISTS (name). */
MP_MUST_CHECK int accounts_user_add(struct accounts *accounts, const struct accounts_caller *by,
                                    struct mp_str name, struct mp_str password, bool is_admin,
                                    struct mp_error *err);
/* Changes what is given: password (ptr NULL = stays; otherwise the user's sessions end), is_admin
 * (NULL = stays). MP_E_NOT_FOUND (user); MP_E_ARGUMENT (is_admin) for the last administrator. */
MP_MUST_CHECK int accounts_user_change(struct accounts *accounts, const struct accounts_caller *by,
                                       struct mp_str name, struct mp_str password,
                                       const bool *is_admin, struct mp_error *err);
/* MP_E_NOT_FOUND (user); MP_E_ARGUMENT (user) for the last administrator. */
MP_MUST_CHECK int accounts_user_remove(struct accounts *accounts, const struct accounts_caller *by,
                                       struct mp_str name, struct mp_error *err);

/* ---- Members of an app ------------------------------------------------------------------ */

typedef void accounts_on_member(void *arg, const char *name, enum accounts_role role);
MP_MUST_CHECK int accounts_members(struct accounts *accounts, const char *app,
                                   accounts_on_member *on, void *arg, struct mp_error *err);
/* Gives a member another role. Only an administrator or a command makes a member of who is none:
 * others invite. MP_E_NOT_FOUND (user): no such user, or for the others no such member. */
MP_MUST_CHECK int accounts_member_set(struct accounts *accounts, const struct accounts_caller *by,
                                      const char *app, struct mp_str name, enum accounts_role role,
                                      struct mp_error *err);
/* MP_E_NOT_FOUND (user). */
MP_MUST_CHECK int accounts_member_remove(struct accounts *accounts,
                                         const struct accounts_caller *by, const char *app,
                                         struct mp_str name, struct mp_error *err);

/* Notes a new app; a user who made it becomes its owner. */
MP_MUST_CHECK int accounts_app_added(struct accounts *accounts, const struct accounts_caller *by,
                                     const char *app, struct mp_error *err);

struct accounts_invitation {
    int64_t id;
    enum accounts_role role;
    int64_t created_ms;
    int64_t expires_ms;
    const char *created_by;
};
typedef void accounts_on_invitation(void *arg, const struct accounts_invitation *invitation);
/* Those that hold. */
MP_MUST_CHECK int accounts_invitations(struct accounts *accounts, const char *app,
                                       accounts_on_invitation *on, void *arg, struct mp_error *err);
/* out->created_by is NULL. */
MP_MUST_CHECK int accounts_invite(struct accounts *accounts, const struct accounts_caller *by,
                                  const char *app, enum accounts_role role,
                                  char code[ACCOUNTS_SECRET_SIZE], struct accounts_invitation *out,
                                  struct mp_error *err);
/* MP_E_NOT_FOUND (id). */
MP_MUST_CHECK int accounts_uninvite(struct accounts *accounts, const struct accounts_caller *by,
                                    const char *app, int64_t id, struct mp_error *err);
/* Makes a new user by login->code, a member, and logs in. MP_E_DENIED (code), MP_E_EXISTS (name;
 * the code still holds), MP_E_TOO_OFTEN. */
MP_MUST_CHECK int accounts_join(struct accounts *accounts, struct accounts_login *login,
                                struct accounts_session *out, struct mp_error *err);
/* Makes a member of a user who is logged in; a higher role stays. */
MP_MUST_CHECK int accounts_join_as(struct accounts *accounts, const struct accounts_caller *by,
                                   struct accounts_login *login, struct mp_error *err);

/* ---- API tokens of an app --------------------------------------------------------------- */

struct accounts_token {
    int64_t id;
    enum accounts_role role;
    const char *label;
    int64_t created_ms;
    const char *created_by;
    int64_t used_ms; /* 0 = never; up to a minute old */
};
typedef void accounts_on_token(void *arg, const struct accounts_token *token);
MP_MUST_CHECK int accounts_tokens(struct accounts *accounts, const char *app, accounts_on_token *on,
                                  void *arg, struct mp_error *err);
MP_MUST_CHECK int accounts_token_add(struct accounts *accounts, const struct accounts_caller *by,
                                     const char *app, struct mp_str label, enum accounts_role role,
                                     char token[ACCOUNTS_SECRET_SIZE], int64_t *id,
                                     struct mp_error *err);
/* The same, in place of all of that label. */
MP_MUST_CHECK int accounts_token_replace(struct accounts *accounts,
                                         const struct accounts_caller *by, const char *app,
                                         struct mp_str label, enum accounts_role role,
                                         char token[ACCOUNTS_SECRET_SIZE], struct mp_error *err);
/* MP_E_NOT_FOUND (id). */
MP_MUST_CHECK int accounts_token_revoke(struct accounts *accounts, const struct accounts_caller *by,
                                        const char *app, int64_t id, struct mp_error *err);

/* ---- Weixin's server API: appid, secret, access tokens ----------------------------------- */

#define ACCOUNTS_APPID_MAX 64
#define ACCOUNTS_APPSECRET_SIZE 33 /* 32 hexadecimal digits and a NUL */
#define ACCOUNTS_WEIXIN_TOKEN_MS (7200LL * 1000)

/* wx and 16 random digits. */
void accounts_weixin_make_appid(char out[ACCOUNTS_APPID_MAX + 1]);
/* An app's appid; "" when it has none. */
MP_MUST_CHECK int accounts_weixin(struct accounts *accounts, const char *app,
                                  char appid[ACCOUNTS_APPID_MAX + 1], struct mp_error *err);
/* Sets what is given (ptr NULL = stays) and ends all tokens of the app. In place of an empty
 * secret, or of none at all, one is made: it is in made, which is "" otherwise, and not told again.
 * MP_E_ARGUMENT (weixin_appid, weixin_secret), MP_E_EXISTS (weixin_appid: another app's). */
MP_MUST_CHECK int accounts_weixin_set(struct accounts *accounts, const struct accounts_caller *by,
                                      const char *app, struct mp_str appid, struct mp_str secret,
                                      char made[ACCOUNTS_APPSECRET_SIZE], struct mp_error *err);
/* Takes both and the tokens away; nothing happens when there are none. */
MP_MUST_CHECK int accounts_weixin_remove(struct accounts *accounts,
                                         const struct accounts_caller *by, const char *app,
                                         struct mp_error *err);

enum accounts_weixin_kind {
    ACCOUNTS_WEIXIN_PLAIN,  /* a new one; those before hold for five more minutes */
    ACCOUNTS_WEIXIN_STABLE, /* the same while it holds for more than five minutes */
    ACCOUNTS_WEIXIN_FORCED, /* a new one in place of the stable one, which ends at once */
};
struct accounts_weixin_token {
    char text[ACCOUNTS_SECRET_SIZE];
    int64_t expires_ms;
};
/* MP_E_NOT_FOUND (appid), MP_E_DENIED (secret). */
MP_MUST_CHECK int accounts_weixin_token(struct accounts *accounts, struct mp_str appid,
                                        struct mp_str secret, enum accounts_weixin_kind kind,
                                        struct accounts_weixin_token *out, struct mp_error *err);
/* Whose token it is. MP_E_DENIED: nobody's, or *has_ended. */
MP_MUST_CHECK int accounts_by_weixin_token(struct accounts *accounts, struct mp_str token,
                                           char app[MP_APP_ID_MAX + 1], bool *has_ended,
                                           struct mp_error *err);

/* ---- The audit log ---------------------------------------------------------------------- */

struct accounts_entry {
    int64_t id;
    int64_t time_ms;
    enum accounts_kind kind;
    const char *name;
    const char *app;    /* "" = the whole server */
    const char *action; /* "token.added": docs/operate.md lists them */
    const char *target; /* on what; may be empty */
    const char *address;
};
typedef void accounts_on_entry(void *arg, const struct accounts_entry *entry);
/* Entries before an id (INT64_MAX: all), newest first; of one app, or of all for app NULL. At most
 * ACCOUNTS_AUDIT_PAGE_MAX. */
MP_MUST_CHECK int accounts_audit(struct accounts *accounts, const char *app, int64_t before,
                                 int64_t limit, accounts_on_entry *on, void *arg,
                                 struct mp_error *err);
/* Notes what was done outside this room. */
MP_MUST_CHECK int accounts_audit_note(struct accounts *accounts, const struct accounts_caller *by,
                                      const char *app, const char *action, const char *target,
                                      struct mp_error *err);

#ifdef __cplusplus
}
#endif
#endif
