-- How long were opens, and how many pages did they have?
--
-- Parameters: app String, from and to Date (inclusive); filters.
-- Columns: the upper bound of a bucket, in whole seconds of dwell or, where is_depth, in distinct
-- pages (4294967295 = the last bucket, without a bound); is_depth; opens.
SELECT
    toInt64(multiIf(
        is_depth = 1, multiIf(n <= 5, n, n <= 10, 10, 4294967295),
        n <= 2, 2, n <= 5, 5, n <= 10, 10, n <= 20, 20, n <= 30, 30, n <= 50, 50, n <= 100, 100,
        4294967295)) AS bound,
    toInt64(is_depth) AS kind,
    toInt64(count())
FROM
(
    SELECT is_depth, if(is_depth = 1, toUInt64(opened.2), intDiv(toUInt64(opened.1), 1000)) AS n
    FROM
    (
        SELECT opened, arrayJoin([0, 1]) AS is_depth
        FROM
        (
            SELECT arrayJoin(arrayMap((a, b, c) -> (a, b, c), open_dwell_ms, open_depth,
                open_scene)) AS opened, opened.3 AS s
            FROM user_days FINAL
            WHERE app = {app:String} AND day >= {from:Date} AND day <= {to:Date}
                AND {>part_is_kept}
        )
        {?by_source:WHERE {>part_is_source}}
    )
)
GROUP BY bound, kind
FORMAT RowBinary
