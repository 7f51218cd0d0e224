/* `minipulse token`: what scripts show in place of a person. Works beside a running serve. */
#include "cmd/cmd.h"

#include "base/json_write.h"

#define LIST_BYTES_MAX (1u << 20)

struct listing {
    struct mp_buf *out;
    struct mp_json_writer json;
    bool as_json;
};

static void put_token(void *arg, const struct accounts_token *token) {
    struct listing *listing = arg;
    char used[25];
    mp_time_format(token->used_ms, used);
    if (!listing->as_json) {
        mp_buf_printf(listing->out, "%-6lld %-8s %-24s by %-20s last used %s\n",
                      (long long)token->id, accounts_role_name(token->role), token->label,
                      token->created_by, token->used_ms > 0 ? used : "never");
        return;
    }
    mp_jw_object_begin(&listing->json);
    mp_jw_key(&listing->json, "id");
    mp_jw_i64(&listing->json, token->id);
    mp_jw_key(&listing->json, "label");
    mp_jw_text(&listing->json, token->label);
    mp_jw_key(&listing->json, "role");
    mp_jw_text(&listing->json, accounts_role_name(token->role));
    mp_jw_key(&listing->json, "created_by");
    mp_jw_text(&listing->json, token->created_by);
    mp_jw_key(&listing->json, "used");
    if (token->used_ms > 0) {
        mp_jw_text(&listing->json, used);
    } else {
        mp_jw_null(&listing->json);
    }
    mp_jw_object_end(&listing->json);
}

static int list(const struct cmd_call *call, struct accounts *accounts, const char *app,
                struct mp_buf *out, struct mp_error *err) {
    struct listing listing = {.out = out, .as_json = cmd_flag(call, "json") != NULL};
    mp_jw_init(&listing.json, out);
    if (listing.as_json) {
        mp_jw_array_begin(&listing.json);
    }
    int code = accounts_tokens(accounts, app, put_token, &listing, err);
    if (listing.as_json) {
        mp_jw_array_end(&listing.json);
        mp_buf_append_text(out, "\n");
    }
    return code;
}

static int add(const struct cmd_call *call, struct accounts *accounts, const char *app,
               struct mp_buf *out, struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    const char *role_text = cmd_flag(call, "role"), *label = cmd_flag(call, "label");
    enum accounts_role role = ACCOUNTS_VIEWER;
    char token[ACCOUNTS_SECRET_SIZE];
    int64_t id = 0;
    if (role_text && !accounts_role_parse(mp_str_of(role_text), &role)) {
        return mp_fail(err, MP_E_ARGUMENT, "role", "--role must be viewer, analyst or owner");
    }
    int code = accounts_token_add(accounts, &caller, app,
                                  label ? mp_str_of(label) : MP_STR("command line"), role, token,
                                  &id, err);
    if (code == MP_OK && cmd_flag(call, "json")) {
        mp_buf_printf(out, "{\"id\":%lld,\"role\":\"%s\",\"token\":\"%s\"}\n", (long long)id,
                      accounts_role_name(role), token);
    } else if (code == MP_OK) {
        mp_buf_printf(out, "token %lld  %s   (secret, shown once; %s of %s)\n", (long long)id,
                      token, accounts_role_name(role), app);
    }
    return code;
}

static int revoke(const struct cmd_call *call, struct accounts *accounts, const char *app,
                  struct mp_error *err) {
    struct accounts_caller caller = cmd_caller();
    int64_t id = 0;
    return mp_str_to_i64(mp_str_of(call->positionals[2]), &id)
               ? accounts_token_revoke(accounts, &caller, app, id, err)
               : mp_fail(err, MP_E_ARGUMENT, "id", "ID is the number that `token list` shows");
}

static int act(const struct cmd_call *call, struct accounts *accounts, struct mp_buf *out,
               struct mp_error *err) {
    const char *verb = call->positional_count > 1 ? call->positionals[0] : "";
    const char *app = call->positional_count > 1 ? call->positionals[1] : "";
    bool is_revoke = strcmp(verb, "revoke") == 0 && call->positional_count == 3;
    bool is_add = strcmp(verb, "add") == 0 && call->positional_count == 2;
    bool is_list = strcmp(verb, "list") == 0 && call->positional_count == 2;
    if (!is_revoke && !is_add && !is_list) {
        return mp_fail(err, MP_E_ARGUMENT, "token", "usage: minipulse token %s",
                       call->cmd->arguments);
    }
    int code = cmd_check_app(&call->config, app, err);
    if (code != MP_OK) {
        return code;
    }
    return is_list  ? list(call, accounts, app, out, err)
           : is_add ? add(call, accounts, app, out, err)
                    : revoke(call, accounts, app, err);
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

const struct cmd cmd_token = {
    .name = "token",
    .arguments = "add APP [--role ROLE] [--label TEXT] | list APP | revoke APP ID",
    .summary = "API tokens of an app, for scripts",
    .details = "  add APP         makes a token and prints it: it is shown once\n"
               "  list APP        prints the app's tokens, without their secret\n"
               "  revoke APP ID   ends one\n\n"
               "A running `minipulse serve` goes by all of it at once.",
    .flags = {{.name = "role",
               .value_name = "ROLE",
               .doc = "add: viewer (reads reports, the default), analyst or owner."},
              {.name = "label", .value_name = "TEXT", .doc = "add: what the token is for."},
              {.name = "json", .doc = "Print JSON."}},
    .positionals_max = 3,
    .run = run,
};
