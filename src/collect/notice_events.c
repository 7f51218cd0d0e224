/* What a notice says once it is decrypted: a payment, a payment of several orders, a refund. */
#include "collect/notice.h"

#include "base/moment.h"

#include <stdio.h>

#define ORDERS_MAX 100 /* of one payment; WeChat Pay allows 50 */

/* A member one level down, as "amount", "total". */
static bool find_in(struct mp_json object, const char *name, const char *member,
                    struct mp_json *out) {
    struct mp_json inner;
    return mp_json_get(object, mp_str_of(name), &inner) &&
           mp_json_get(inner, mp_str_of(member), out);
}

static struct mp_str text_in(struct mp_json object, const char *name, const char *member) {
    struct mp_json inner;
    return mp_json_get(object, mp_str_of(name), &inner) ? mp_json_text(inner, member) : MP_STR("");
}

/* The openid as the mini program knows it. For a merchant of a service provider there are two: the
 * merchant's own app's goes before the provider's. */
static struct mp_str payer(struct mp_json object, const char *name) {
    static const char *const members[] = {"openid", "sub_openid", "sp_openid"};
    struct mp_str openid = MP_STR("");
    for (size_t i = 0; openid.len == 0 && i < sizeof(members) / sizeof(members[0]); i++) {
        openid = text_in(object, name, members[i]);
    }
    return openid;
}

/* By contract (委托代扣), or parking that is paid on leaving. */
static bool is_password_free(const struct batch *batch, struct mp_json order) {
    struct mp_str trade_type = mp_json_text(order, "trade_type");
    return batch->input->is_password_free || mp_json_text(order, "contract_id").len > 0 ||
           mp_str_is(trade_type, "PAP") || mp_str_is(trade_type, "AUTH") ||
           mp_str_is(mp_json_text(order, "trade_scene"), "PARKING");
}

/* ---- The values of an event; each fills the complaint when it is wrong ----------------------- */

static bool take_id(struct batch *batch, struct mp_json object, const char *name,
                    struct mp_str *out) {
    struct mp_json value;
    if (!mp_json_get(object, mp_str_of(name), &value)) {
        return complain(batch, mp_str_of(name), "is missing");
    }
    return take_text(batch, mp_str_of(name), value, MP_EVENT_ID_MAX, out) &&
           (out->len > 0 || complain(batch, mp_str_of(name), "is empty"));
}

static bool take_success_time(struct batch *batch, struct mp_json object, int64_t *out) {
    struct mp_str text = mp_json_text(object, "success_time");
    return (mp_time_parse(text, out) && *out >= 0 && *out <= COLLECT_TIME_MS_MAX) ||
           complain(batch, MP_STR("success_time"), "must be like 2018-06-08T10:34:56+08:00");
}

/* amount.total of an order, amount.total_amount of one of several, amount.refund of a refund. */
static bool take_amount(struct batch *batch, struct mp_json object, const char *member,
                        int64_t *out) {
    struct mp_json value;
    char field[32];
    snprintf(field, sizeof(field), "amount.%s", member);
    return find_in(object, "amount", member, &value)
               ? take_integer(batch, mp_str_of(field), value, 0, COLLECT_AMOUNT_FEN_MAX, out)
               : complain(batch, mp_str_of(field), "is missing");
}

/* Texts that become properties, where they are. */
static bool take_props(struct batch *batch, struct mp_json object, const char *const (*names)[2],
                       size_t count) {
    struct mp_json value;
    batch->is_lenient = true;
    for (size_t i = 0; i < count; i++) {
        if (mp_json_get(object, mp_str_of(names[i][0]), &value) &&
            mp_json_type(value) == MP_JSON_STRING &&
            !add_prop(batch, MP_STR(""), mp_str_of(names[i][1]), value)) {
            return false;
        }
    }
    batch->is_lenient = false;
    return true;
}

static void accept(struct batch *batch, struct mp_event *event) {
    if (identity_from_money(batch, event)) {
        correct_time(batch, event);
        batch_accept(batch, event);
    }
}

/* Nothing to count, for a reason that is no fault. */
static bool skip(struct batch *batch, const char *member, struct mp_str value) {
    struct mp_str shown = mp_str_clip(value, 40);
    snprintf(batch->result->note, sizeof(batch->result->note), "%s is %.*s", member,
             MP_STR_ARG(shown));
    return true;
}

/* ---- The kinds ------------------------------------------------------------------------------ */

static bool take_payment(struct batch *batch, struct mp_json order, struct mp_str user,
                         const char *total) {
    static const char *const props[][2] = {
        {"transaction_id", "transaction_id"}, {"trade_type", "trade_type"}, {"attach", "attach"}};
    struct mp_event event = {.name = MP_STR(MP_EVENT_PAY), .user = user, .dwell_ms = -1};
    struct mp_str state = mp_json_text(order, "trade_state");
    struct mp_str currency = text_in(order, "amount", "currency");
    if (!mp_str_is(state, "SUCCESS")) {
        return skip(batch, "trade_state", state);
    }
    if (currency.len > 0 && !mp_str_is(currency, "CNY")) {
        return skip(batch, "amount.currency", currency);
    }
    if (user.len == 0 || user.len > MP_EVENT_ID_MAX || memchr(user.ptr, '\0', user.len)) {
        return complain(batch, MP_STR("payer.openid"), "is missing or too long");
    }
    if (!take_id(batch, order, "out_trade_no", &event.order_id) ||
        !take_amount(batch, order, total, &event.amount_fen) ||
        !take_success_time(batch, order, &event.time_ms) ||
        !take_props(batch, order, props, sizeof(props) / sizeof(props[0]))) {
        return false;
    }
    event.password_free = is_password_free(batch, order);
    accept(batch, &event);
    return true;
}

/* Refunds do not say whose they are. */
static bool take_refund(struct batch *batch, struct mp_json refund) {
    static const char *const props[][2] = {{"out_refund_no", REFUND_ID},
                                           {"transaction_id", "transaction_id"},
                                           {"refund_id", "wechatpay_refund_id"}};
    struct mp_event event = {.name = MP_STR(MP_EVENT_REFUND), .dwell_ms = -1};
    struct mp_str status = mp_json_text(refund, "refund_status");
    struct mp_str currency = text_in(refund, "amount", "currency");
    struct mp_str id;
    if (!mp_str_is(status, "SUCCESS")) {
        return skip(batch, "refund_status", status);
    }
    if (currency.len > 0 && !mp_str_is(currency, "CNY")) {
        return skip(batch, "amount.currency", currency);
    }
    if (!take_id(batch, refund, "out_trade_no", &event.order_id) ||
        !take_id(batch, refund, "out_refund_no", &id) ||
        !take_amount(batch, refund, "refund", &event.amount_fen) ||
        !take_success_time(batch, refund, &event.time_ms) ||
        !take_props(batch, refund, props, sizeof(props) / sizeof(props[0]))) {
        return false;
    }
    accept(batch, &event);
    return true;
}

/* One payment of several orders (合单): each is an order of its own. */
static bool take_orders(struct batch *batch, struct mp_json root, struct mp_json orders) {
    struct mp_json_iter iter = mp_json_iter(orders);
    struct mp_str user = payer(root, "combine_payer_info");
    struct mp_json order;
    char within[48];
    if (mp_json_type(orders) != MP_JSON_ARRAY || mp_json_size(orders) > ORDERS_MAX) {
        return complain(batch, MP_STR("sub_orders"), "must be a list of at most %d", ORDERS_MAX);
    }
    bool is_fine = true;
    for (unsigned i = 0; is_fine && mp_json_next(&iter, NULL, &order); i++) {
        snprintf(within, sizeof(within), "resource.sub_orders[%u].", i);
        batch_next(batch);
        batch->within = within;
        is_fine = take_payment(batch, order, user, "total_amount");
    }
    batch->within = "";
    return is_fine;
}

static bool take_root(struct batch *batch, enum notice_kind kind, struct mp_json root) {
    struct mp_json orders;
    if (kind == NOTICE_PAYMENT && mp_json_get(root, MP_STR("sub_orders"), &orders)) {
        return take_orders(batch, root, orders);
    }
    batch_next(batch);
    batch->within = "resource.";
    return kind == NOTICE_PAYMENT ? take_payment(batch, root, payer(root, "payer"), "total")
                                  : take_refund(batch, root);
}

static bool is_merchants(struct mp_json root, const char *merchant_id) {
    static const char *const members[] = {"mchid", "sub_mchid", "sp_mchid", "combine_mchid"};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (mp_str_is(mp_json_text(root, members[i]), merchant_id)) {
            return true;
        }
    }
    return false;
}

int notice_read(struct batch *batch, enum notice_kind kind, struct mp_str text,
                const char *merchant_id, struct mp_error *err) {
    struct mp_json root;
    int code = body_parse(batch->worker, text, &root, err);
    if (code != MP_OK) {
        return mp_fail(err, code, "resource.ciphertext", "what is sealed in it is no JSON");
    }
    if (!is_merchants(root, merchant_id)) {
        return mp_fail(err, MP_E_ARGUMENT, "resource.mchid",
                       "the notice is not for the account's merchant");
    }
    if (!take_root(batch, kind, root)) {
        /* WeChat Pay sends it again as a whole. */
        mp_buf_clear(batch->out);
        batch->result->accepted = 0;
        return batch_fail(batch, err);
    }
    return batch_end(batch, err);
}
