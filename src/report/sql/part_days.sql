-- Rows of user_days of the days `from` to `to` that the filters keep, as figures count them.
(
    SELECT
        user_hash,
        {>part_cycle} AS cycle,
        {?by_source:{>part_next_cycle} AS following_cycle,}
        {>part_is_here} AS is_here,
        {>part_visits} AS kept_pv,
        {?!by_source:toUInt64(opens)}{?by_source:toUInt64(arrayCount(
            s -> {>part_is_source}, open_scene))} AS kept_opens,
        {?!by_source:dwell_ms}{?by_source:arraySum(
            (n, s) -> if({>part_is_source}, n, toUInt64(0)), open_dwell_ms, open_scene)}
            AS kept_dwell_ms,
        {?!by_source:toUInt64(depth_sum)}{?by_source:toUInt64(arraySum(
            (n, s) -> if({>part_is_source}, toUInt64(n), toUInt64(0)), open_depth, open_scene))}
            AS kept_depth,
        if(is_here, shares, 0) AS kept_shares,
        if(is_here, pay_cnt, 0) AS kept_pay_cnt,
        if(is_here, pay_fen, 0) AS kept_pay_fen,
        if(is_here, refund_cnt, 0) AS kept_refund_cnt,
        if(is_here, refund_fen, 0) AS kept_refund_fen
    FROM user_days FINAL
    WHERE app = {app:String}
        AND day >= {from:Date}
        AND day <= {to:Date}
        AND {>part_is_kept}
)
