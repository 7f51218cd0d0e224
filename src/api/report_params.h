/* Private to api/: the parameters of reports, from a request's query. */
#ifndef MP_API_REPORT_PARAMS_H
#define MP_API_REPORT_PARAMS_H

#include "http/http.h"
#include "report/report.h"

/* What a report takes beside from, to, format and the filters. */
#define REPORT_TAKES_BY 1u
#define REPORT_TAKES_COMPARE 2u
#define REPORT_TAKES_USERS 4u /* new or active */
#define REPORT_TAKES_PAGES 8u /* sort, order, search, limit, offset */
#define REPORT_TAKES_LIMIT 16u

/* Fills range, filters, format and the rest of the question, whose texts borrow from the request;
 * today is the app's. MP_E_ARGUMENT with the parameter as its field. */
MP_MUST_CHECK int report_params_take(struct http_request *request, unsigned takes, int32_t today,
                                     struct report_question *question, struct mp_error *err);

#endif
