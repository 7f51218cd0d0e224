-- What do the $profile events of a run of batches say of users?
-- Parameters: after, up_to UInt64 (batches, after < batch <= up_to); from, to Date (inclusive); app
-- String with the flag of_app, else all apps.
-- Fills profiles; doing so again changes nothing. A property that says something else says nothing.
INSERT INTO profiles (app, kind, user_hash, time_ms, batch, seq, value)
SELECT app, said.1 AS kind, user_hash, time_ms, batch, seq, said.2 AS value
FROM
(
    SELECT
        app,
        user_hash,
        time_ms,
        batch,
        seq,
        arrayJoin([(toUInt8(1), gender), (toUInt8(2), age)]) AS said
    FROM
    (
        SELECT
            app,
            user_hash,
            time_ms,
            batch,
            seq,
            toUInt8(multiIf(
                lower(gender_text) IN ('male', '男') OR (has_gender AND gender_number = 1), 1,
                lower(gender_text) IN ('female', '女') OR (has_gender AND gender_number = 2), 2,
                0)) AS gender,
            toUInt8(if(has_age AND age_number >= 0 AND age_number <= 150,
                toUInt8(floor(age_number)) + 1, 0)) AS age
        FROM
        (
            SELECT
                app,
                user_hash,
                time_ms,
                batch,
                seq,
                str_values[indexOf(str_names, 'gender')] AS gender_text,
                has(num_names, 'gender') AS has_gender,
                num_values[indexOf(num_names, 'gender')] AS gender_number,
                has(num_names, 'age') AS has_age,
                num_values[indexOf(num_names, 'age')] AS age_number
            FROM events
            WHERE day >= {from:Date}
                AND day <= {to:Date}
                AND batch > {after:UInt64}
                AND batch <= {up_to:UInt64}
                AND name = '$profile'
                {?of_app:AND app = {app:String}}
                AND if(has(str_names, 'profile_type'),
                    str_values[indexOf(str_names, 'profile_type')] IN
                        ('profile_set', 'profile_set_once'),
                    NOT has(num_names, 'profile_type'))
        )
    )
)
WHERE said.2 != 0
