/* `minipulse user`: who may log in. Works beside a running serve. */
#include "cmd/cmd.h"

#include "base/json_write.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define LIST_BYTES_MAX (8u << 20)
#define PASSWORD_SIZE (ACCOUNTS_PASSWORD_MAX + 3) /* a newline, a NUL, and one more: too long */

/* ---- The password ----------------------------------------------------------------------- */

/* One line of standard input without its end; not echoed where someone types it. */
static int read_line(const char *prompt, char out[PASSWORD_SIZE], struct mp_error *err) {
    struct termios before, silent;
    bool is_typed = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_typed) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        fputs(prompt, stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool is_read = fgets(out, PASSWORD_SIZE, stdin) != NULL;
    if (is_typed) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (!is_read) {
        return mp_fail(err, MP_E_ARGUMENT, "password", "no password on standard input");
    }
    out[strcspn(out, "\r\n")] = '\0';
    return MP_OK;
}

/* Typed twice, or one line of a pipe. */
static int read_password(char out[PASSWORD_SIZE], struct mp_error *err) {
    char again[PASSWORD_SIZE];
    int code = read_line("Password: ", out, err);
    if (code != MP_OK || !isatty(STDIN_FILENO)) {
        return code;
    }
    code = read_line("The same again: ", again, err);
    return code == MP_OK && strcmp(out, again) != 0
               ? mp_fail(err, MP_E_ARGUMENT, "password", "these were two different passwords")
               : code;
}

/* ---- Listing ---------------------------------------------------------------------------- */

struct listing {
    struct mp_buf *out;
    struct mp_json_writer json;
    bool as_json;
};

static void put_time(struct mp_json_writer *json, const char *key, int64_t time_ms) {
    char text[25];
    mp_time_format(time_ms, text);
    mp_jw_key(json, key);
    if (time_ms > 0) {
        mp_jw_text(json, text);
    } else {
        mp_jw_null(json);
    }
}

static void put_user(void *arg, const struct accounts_user *user) {
    struct listing *listing = arg;
    char text[25];
    if (!listing->as_json) {
        mp_time_format(user->logged_in_ms, text);
        mp_buf_printf(listing->out, "%-24s %-14s last log-in %s\n", user->name,
                      user->is_admin ? "administrator" : "",
                      user->logged_in_ms > 0 ? text : "never");
        return;
    }
    mp_jw_object_begin(&listing->json);
    mp_jw_key(&listing->json, "name");
    mp_jw_text(&listing->json, user->name);
    mp_jw_key(&listing->json, "is_admin");
    mp_jw_bool(&listing->json, user->is_admin);
    put_time(&listing->json, "created", user->created_ms);
    put_time(&listing->json, "logged_in", user->logged_in_ms);
    mp_jw_object_end(&listing->json);
}

static int list(const struct cmd_call *call, struct accounts *accounts, struct mp_buf *out,
                struct mp_error *err) {
    struct listing listing = {.out = out, .as_json = cmd_flag(call, "json") != NULL};
    mp_jw_init(&listing.json, out);
    if (listing.as_json) {
        mp_jw_array_begin(&listing.json);
    }
    int code = accounts_users(accounts, put_user, &listing, err);
    if (listing.as_json) {
        mp_jw_array_end(&listing.json);
        mp_buf_append_text(out, "\n");
    }
    return code;
}

/* ---- The verbs -------------------------------------------------------------------------- */

static int add(const struct cmd_call *call, struct accounts *accounts, struct mp_str name,
               struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    char password[PASSWORD_SIZE];
    int code = read_password(password, err);
    return code ? code
                : accounts_user_add(accounts, &caller, name, mp_str_of(password),
                                    cmd_flag(call, "admin") != NULL, err);
}

static int change_password(struct accounts *accounts, struct mp_str name, struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    char password[PASSWORD_SIZE];
    int code = read_password(password, err);
    return code ? code
                : accounts_user_change(accounts, &caller, name, mp_str_of(password), NULL, err);
}

static int grant(const struct cmd_call *call, struct accounts *accounts, struct mp_str name,
                 struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    const char *app = call->positionals[2], *word = call->positionals[3];
    enum accounts_role role = ACCOUNTS_NONE;
    int code = cmd_check_app(&call->config, app, err);
    if (code != MP_OK) {
        return code;
    }
    if (strcmp(word, "none") == 0) {
        return accounts_member_remove(accounts, &caller, app, name, err);
    }
    return accounts_role_parse(mp_str_of(word), &role)
               ? accounts_member_set(accounts, &caller, app, name, role, err)
               : mp_fail(err, MP_E_ARGUMENT, "role", "a role is viewer, analyst, owner or none");
}

static int act(const struct cmd_call *call, struct accounts *accounts, struct mp_buf *out,
               struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    const char *verb = call->positional_count > 0 ? call->positionals[0] : "";
    struct mp_str name = mp_str_of(call->positional_count > 1 ? call->positionals[1] : "");
    if (strcmp(verb, "list") == 0 && call->positional_count == 1) {
        return list(call, accounts, out, err);
    }
    if (strcmp(verb, "add") == 0 && call->positional_count == 2) {
        return add(call, accounts, name, err);
    }
    if (strcmp(verb, "passwd") == 0 && call->positional_count == 2) {
        return change_password(accounts, name, err);
    }
    if (strcmp(verb, "remove") == 0 && call->positional_count == 2) {
        return accounts_user_remove(accounts, &caller, name, err);
    }
    if (strcmp(verb, "grant") == 0 && call->positional_count == 4) {
        return grant(call, accounts, name, err);
    }
    return mp_fail(err, MP_E_ARGUMENT, "user", "usage: minipulse user %s", call->cmd->arguments);
}

static int run(struct cmd_call *call) {
    struct accounts *accounts = NULL;
    struct mp_error err = {0};
    struct mp_buf out;
    mp_buf_init(&out, LIST_BYTES_MAX);
    int code = cmd_accounts_open(&call->config, &accounts, &err);
    code = code ? code : act(call, accounts, &out, &err);
    accounts_close(accounts);
    return cmd_finish(&out, code, &err);
}

const struct cmd cmd_user = {
    .name = "user",
    .arguments = "add NAME [--admin] | list | passwd NAME | grant NAME APP ROLE | remove NAME",
    .summary = "who may log in, and what they may",
    .details = "  add NAME              makes a user; --admin: an administrator of the server\n"
               "  list                  prints all users\n"
               "  passwd NAME           sets another password and ends the user's sessions\n"
               "  grant NAME APP ROLE   makes the user viewer, analyst, owner or none of an app\n"
               "  remove NAME           removes the user, with sessions and roles\n\n"
               "The password is asked for, or is one line of standard input. A running\n"
               "`minipulse serve` goes by all of it at once.",
    .flags = {{.name = "admin", .doc = "add: make an administrator."},
              {.name = "json", .doc = "list: print JSON."}},
    .positionals_max = 4,
    .run = run,
};
