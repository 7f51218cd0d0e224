-- What does user_days have of one day, as load/summary_day.c sums it up?
-- Parameters: app String, day Date.
-- Columns: as in user_days.
SELECT
    user_hash,
    visit_pv,
    dwell_ms,
    opens,
    depth_sum,
    shares,
    adds,
    is_added_at_end,
    pay_cnt,
    pay_fen,
    refund_cnt,
    refund_fen,
    platform,
    model,
    country,
    province,
    city,
    open_dwell_ms,
    open_depth,
    open_scene,
    page,
    page_pv,
    page_dwell_ms,
    page_entries,
    page_exits,
    page_shares
FROM user_days FINAL
WHERE app = {app:String} AND day = {day:Date}
FORMAT RowBinary
