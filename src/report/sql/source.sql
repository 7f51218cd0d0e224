-- From where did users open the app?
--
-- Parameters: app String, from and to Date (inclusive), all_scenes and all_groups Array(UInt64)
-- (scenes and the source group of each; others are in group 10); filters. The flag
-- unknown_is_other puts an unknown scene, which has group 0, into group 10 as well.
-- Columns: source group, is_scene (0 = a row of the group, 1 = of a scene), scene (0 in rows of
-- groups), opens, users who have such an open.
SELECT
    toInt64(source) AS source_key,
    toInt64(level) AS is_scene,
    toInt64(if(level = 1, toUInt64(s), 0)) AS scene_key,
    toInt64(count()),
    toInt64(uniqExact(user_hash))
FROM
(
    SELECT
        user_hash,
        s,
        {?unknown_is_other:if(s = 0, toUInt64(10), }transform(toUInt64(s),
            {all_scenes:Array(UInt64)}, {all_groups:Array(UInt64)}, toUInt64(10)
        ){?unknown_is_other:)} AS source,
        arrayJoin([0, 1]) AS level
    FROM
    (
        SELECT user_hash, arrayJoin(open_scene) AS s
        FROM user_days FINAL
        WHERE app = {app:String} AND day >= {from:Date} AND day <= {to:Date} AND {>part_is_kept}
    )
    {?by_source:WHERE {>part_is_source}}
)
GROUP BY source_key, is_scene, scene_key
FORMAT RowBinary
