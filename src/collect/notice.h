/* Private to collect/: the steps of collect_notice, apart, so that a fuzzer reaches each of them.
 */
#ifndef MP_COLLECT_NOTICE_H
#define MP_COLLECT_NOTICE_H

#include "collect/internal.h"
#include "collect/wechatpay_accounts.h"

enum notice_kind { NOTICE_OTHER, NOTICE_PAYMENT, NOTICE_REFUND };

/* Whether the request was signed by a platform key of the account, lately. MP_E_DENIED. */
MP_MUST_CHECK int notice_authenticate(const struct collect_input *input,
                                      const struct wechatpay_entry *entry, struct mp_error *err);
/* The notice's kind and, of payments and refunds, its decrypted text, which lives in the worker's
 * buffers. MP_E_ARGUMENT. */
MP_MUST_CHECK int notice_unseal(struct batch *batch, const struct wechatpay_entry *entry,
                                enum notice_kind *kind, struct mp_str *text, struct mp_error *err);
/* The text's payments or refunds into the record: all of them, or MP_E_ARGUMENT. */
MP_MUST_CHECK int notice_read(struct batch *batch, enum notice_kind kind, struct mp_str text,
                              const char *merchant_id, struct mp_error *err);

#endif
