/* Private to report/: what the answers of Weixin's server API are made of. */
#ifndef MP_REPORT_DATACUBE_H
#define MP_REPORT_DATACUBE_H

#include "report/internal.h"

#define DATACUBE_DATE_BYTES 24
/* "201703" of a range by month; otherwise "20170306", or "20170306-20170312" of several days. */
void datacube_ref_date(const struct report_range *range, char out[DATACUBE_DATE_BYTES]);
void datacube_begin(struct mp_json_writer *json, struct mp_buf *out);
/* MP_E_TOO_LARGE when out was full. */
MP_MUST_CHECK int datacube_end(struct mp_json_writer *json, struct mp_error *err);
void datacube_count(struct mp_json_writer *json, const char *key, int64_t value);
/* 0 where the ratio is undefined: Weixin knows no null. */
void datacube_ratio(struct mp_json_writer *json, const char *key, double above, double below);
/* {"key": …, "value": …} */
void datacube_key_value(struct mp_json_writer *json, int64_t key, int64_t value);

#endif
