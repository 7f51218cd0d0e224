/* The one list of indicators. tests/oracle holds each against an independent computation. */
#include "report/figures.h"

#define ITSELF FIGURE_COUNT
#define FIGURE(figure) true, (figure), ITSELF
#define RATIO(above, below) true, (above), (below)
#define OF_REPORT false, FIGURE_COUNT, FIGURE_COUNT

const struct indicator report_indicators[] = {
    {"visit_total", "累计访问人数", "Total visitors", "access", UNIT_USERS, "cycle", "trend",
     "截至周期末，曾访问过小程序页面的去重人数",
     "Distinct users who ever visited a page, up to the end of the cycle",
     FIGURE(FIGURE_EVER_VISITED)},
    {"visit_uv_new", "新访问人数", "New visitors", "access", UNIT_USERS, "cycle", "trend",
     "周期内首次访问小程序页面的人数，同一用户不重复计",
     "Distinct users whose first visit ever falls in the cycle", FIGURE(FIGURE_FIRST_VISITS)},
    {"session_cnt", "打开次数", "Opens", "access", UNIT_COUNT, "cycle", "trend",
     "打开小程序的总次数，从打开到主动关闭或超时退出计为一次",
     "Opens that began in the cycle; from opening to closing or time-out is one",
     FIGURE(FIGURE_OPENS)},
    {"visit_pv", "访问次数", "Page visits", "access", UNIT_COUNT, "cycle", "trend",
     "访问小程序页面的总次数，页面间跳转、重复访问同一页面均计",
     "Page visits; moving between pages and coming back to one each count", FIGURE(FIGURE_VIEWS)},
    {"visit_uv", "访问人数", "Visitors", "access", UNIT_USERS, "cycle", "trend",
     "访问过任一页面的人数，同一用户多次访问不重复计", "Distinct users who visited any page",
     FIGURE(FIGURE_VISITORS)},
    {"stay_time_uv", "人均停留时长", "Stay per visitor", "access", UNIT_SECONDS, "cycle", "trend",
     "页面总停留时长 / 访问人数", "Total page dwell / visitors",
     RATIO(FIGURE_DWELL_MS, FIGURE_VISITORS)},
    {"stay_time_session", "次均停留时长", "Stay per open", "access", UNIT_SECONDS, "cycle", "trend",
     "页面总停留时长 / 打开次数", "Total page dwell / opens", RATIO(FIGURE_DWELL_MS, FIGURE_OPENS)},
    {"visit_depth", "平均访问深度", "Depth", "access", UNIT_PAGES, "cycle", "trend",
     "每次打开访问的去重页面数的平均值", "Mean over opens of the distinct pages in the open",
     RATIO(FIGURE_DEPTH, FIGURE_OPENS)},
    {"visit_uv_retained", "访问留存人数", "Retained visitors", "access", UNIT_USERS, "cycle",
     "trend", "本周期与上一周期均有访问的人数", "Users active in this cycle and in the one before",
     FIGURE(FIGURE_RETAINED)},
    {"visit_uv_returned", "访问回流人数", "Returned visitors", "access", UNIT_USERS, "cycle",
     "trend", "本周期有访问、上一周期没有访问、更早曾访问过的人数",
     "Users active in this cycle, not in the one before, but at some time earlier",
     FIGURE(FIGURE_RETURNED)},
    {"share_pv", "分享次数", "Shares", "share", UNIT_COUNT, "cycle", "trend",
     "分享任一页面的总次数", "Shares of any page", FIGURE(FIGURE_SHARES)},
    {"share_uv", "分享人数", "Sharers", "share", UNIT_USERS, "cycle", "trend",
     "分享过任一页面的人数，同一用户不重复计", "Distinct users who shared", FIGURE(FIGURE_SHARERS)},
    {"add_total", "添加总人数", "Added in total", "add", UNIT_USERS, "cycle", "trend",
     "周期末处于“添加到我的小程序”状态的人数",
     "Users who have it among My Mini Programs at the end of the cycle", FIGURE(FIGURE_HAVE_ADDED)},
    {"add_new", "新增添加人数", "Newly added", "add", UNIT_USERS, "cycle", "trend",
     "本周期末添加总人数 − 上一周期末添加总人数，可为负",
     "Added in total at the end of the cycle less that of the cycle before; may be negative",
     FIGURE(FIGURE_ADDED_NET)},
    {"add_removed", "移除人数", "Removed", "add", UNIT_USERS, "cycle", "trend",
     "上一周期末已添加或本周期内添加过、且本周期末不再添加的人数",
     "Users who had it before or added it within the cycle, and do not have it at its end",
     FIGURE(FIGURE_REMOVED)},
    {"pay_amount_total", "累计支付金额", "Total amount paid", "pay", UNIT_YUAN, "cycle", "trend",
     "截至周期末的支付金额，不含免密支付", "Amount paid up to the end of the cycle",
     FIGURE(FIGURE_EVER_PAID_FEN)},
    {"pay_cnt", "支付次数", "Payments", "pay", UNIT_COUNT, "cycle", "trend",
     "支付成功的次数，不含免密支付", "Successful payments that the user confirmed",
     FIGURE(FIGURE_PAYMENTS)},
    {"pay_amount", "支付金额", "Amount paid", "pay", UNIT_YUAN, "cycle", "trend",
     "支付成功的金额，不含免密支付；退款不冲减",
     "Amount of these payments; refunds do not reduce it", FIGURE(FIGURE_PAID_FEN)},
    {"pay_amount_per_order", "单均支付金额", "Amount per payment", "pay", UNIT_YUAN, "cycle",
     "trend", "支付金额 / 支付次数", "Amount paid / payments",
     RATIO(FIGURE_PAID_FEN, FIGURE_PAYMENTS)},
    {"pay_uv", "支付人数", "Paying users", "pay", UNIT_USERS, "cycle", "trend",
     "支付成功的去重人数", "Distinct paying users", FIGURE(FIGURE_PAYERS)},
    {"pay_cnt_per_user", "人均支付次数", "Payments per paying user", "pay", UNIT_COUNT, "cycle",
     "trend", "支付次数 / 支付人数", "Payments / paying users",
     RATIO(FIGURE_PAYMENTS, FIGURE_PAYERS)},
    {"pay_amount_per_user", "人均消费金额", "Amount per paying user", "pay", UNIT_YUAN, "cycle",
     "trend", "支付金额 / 支付人数", "Amount paid / paying users",
     RATIO(FIGURE_PAID_FEN, FIGURE_PAYERS)},
    {"pay_uv_first", "首次支付人数", "First-time payers", "pay", UNIT_USERS, "cycle", "trend",
     "首次支付发生在周期内的人数", "Distinct users whose first payment ever falls in the cycle",
     FIGURE(FIGURE_FIRST_PAYMENTS)},
    {"pay_uv_repeat", "复购人数", "Repeat payers", "pay", UNIT_USERS, "cycle", "trend",
     "周期内有支付且此前支付过，或周期内支付至少两次的人数",
     "Users who paid in the cycle and before it, or at least twice in it",
     FIGURE(FIGURE_PAYERS_REPEAT)},
    {"pay_cnt_rate", "支付次数转化率", "Payments per open", "pay", UNIT_RATIO, "cycle", "trend",
     "支付次数 / 打开次数", "Payments / opens", RATIO(FIGURE_PAYMENTS, FIGURE_OPENS)},
    {"pay_uv_rate", "支付人数转化率", "Paying share of visitors", "pay", UNIT_RATIO, "cycle",
     "trend", "支付人数 / 访问人数", "Paying users / visitors",
     RATIO(FIGURE_PAYERS, FIGURE_VISITORS)},
    {"refund_cnt", "退款次数", "Refunds", "pay", UNIT_COUNT, "cycle", "trend", "退款的次数",
     "Refunds", FIGURE(FIGURE_REFUNDS)},
    {"refund_amount", "退款金额", "Amount refunded", "pay", UNIT_YUAN, "cycle", "trend",
     "退款的金额", "Amount of these refunds", FIGURE(FIGURE_REFUNDED_FEN)},
    {"retention_new", "新增留存", "Retention of new users", "retention", UNIT_RATIO, "cohort",
     "retention", "周期 C 的新用户中，在周期 C+N 访问的比例",
     "Of the users new in cycle C, the share who visited in cycle C+N", OF_REPORT},
    {"retention_active", "活跃留存", "Retention of active users", "retention", UNIT_RATIO, "cohort",
     "retention", "周期 C 的活跃用户中，在周期 C+N 访问的比例",
     "Of the users active in cycle C, the share active in cycle C+N", OF_REPORT},
    {"page_visit_pv", "页面访问次数", "Visits of the page", "page", UNIT_COUNT, "page", "pages",
     "访问该页面的次数", "Visits of the page", OF_REPORT},
    {"page_visit_uv", "页面访问人数", "Visitors of the page", "page", UNIT_USERS, "page", "pages",
     "访问该页面的去重人数", "Distinct users who visited the page", OF_REPORT},
    {"page_staytime_pv", "页面次均时长", "Stay per visit of the page", "page", UNIT_SECONDS, "page",
     "pages", "该页面总停留时长 / 页面访问次数", "Total dwell on the page / its visits", OF_REPORT},
    {"entrypage_pv", "入口页次数", "Entries", "page", UNIT_COUNT, "page", "pages",
     "以该页面为首个页面的打开次数", "Opens whose first page it is", OF_REPORT},
    {"exitpage_pv", "退出页次数", "Exits", "page", UNIT_COUNT, "page", "pages",
     "以该页面为最后页面的打开次数", "Opens whose last page it is", OF_REPORT},
    {"exit_rate", "退出率", "Exit rate", "page", UNIT_RATIO, "page", "pages",
     "退出页次数 / 页面访问次数", "Exits / visits of the page", OF_REPORT},
    {"page_share_pv", "页面分享次数", "Shares of the page", "page", UNIT_COUNT, "page", "pages",
     "分享该页面的次数", "Shares of the page", OF_REPORT},
    {"page_share_uv", "页面分享人数", "Sharers of the page", "page", UNIT_USERS, "page", "pages",
     "分享该页面的去重人数", "Distinct users who shared the page", OF_REPORT},
};
const size_t report_indicator_count = sizeof(report_indicators) / sizeof(report_indicators[0]);

struct report_ratio indicator_ratio(const struct indicator *indicator,
                                    const int64_t figures[FIGURE_COUNT]) {
    struct report_ratio ratio = {(double)figures[indicator->figure], 1};
    if (indicator->unit == UNIT_SECONDS) {
        ratio.above /= 1000; /* dwell is kept in milliseconds */
    }
    if (indicator->below != ITSELF) {
        ratio.below = (double)figures[indicator->below];
    }
    return ratio;
}

void indicator_cell(struct report_rows *rows, const struct indicator *indicator,
                    const int64_t figures[FIGURE_COUNT]) {
    int64_t figure = figures[indicator->figure];
    bool is_ratio = indicator->below != ITSELF;
    if (indicator->unit == UNIT_YUAN && is_ratio) {
        report_cell_mean_fen(rows, indicator->id, figure, figures[indicator->below]);
    } else if (indicator->unit == UNIT_YUAN) {
        report_cell_fen(rows, indicator->id, figure);
    } else if (is_ratio) {
        report_cell_ratio(rows, indicator->id, indicator_ratio(indicator, figures));
    } else {
        report_cell_count(rows, indicator->id, figure);
    }
}
