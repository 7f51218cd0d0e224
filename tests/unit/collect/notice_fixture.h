/* A platform certificate, a WeChat Pay public key, and a notice signed by each at NOW_MS, made by
 * tests/lib/wechatpay.py: transaction("o-1") of a minute before. */
#ifndef MP_TESTS_UNIT_COLLECT_NOTICE_FIXTURE_H
#define MP_TESTS_UNIT_COLLECT_NOTICE_FIXTURE_H

static const char secret[] = "0123456789abcdefABCDEF9876543210";

static const char public_key_id[] = "PUB_KEY_ID_0119000001092024101100397200000006";

static const char public_key[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA80um4Zcp/Y9291b5QBhD\n"
    "dXDWHflCIQRaogeuTNJ4Q6ZrpyZkVZ3LzezJslNMu2nf3Ow7oWIrJII4oxa4X3Ra\n"
    "Ea6Cduazq7Jv1iHqBOOK0O0H55f35V3lzXtNk2RRqSAlDD0F2bsqBeb8pHpWyPVo\n"
    "5blHGAPEDzp+pHRmuMXdk5u+Gz2C5NlTbjF/1ygQHAYdC/NYHcw9Gpgbp6nfSKsl\n"
    "9412rpd6wOmgcJd1p3H68udomO0MUGG+GEMFCsOGjzA3miw0N/EujlqDLmlCdjcg\n"
    "GUgVAksCiDYLEmuYtNBDMELUYKjp8VAjliUrttFI0onWPJRuV5fRiHPFr3OL7eQN\n"
    "SQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

static const char certificate_serial[] = "F132D72A03E93CDDF8C03BBD1F37EEDF0A0B0C";

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICxDCCAaygAwIBAgIUAPEy1yoD6Tzd+MA7vR837t8KCwwwDQYJKoZIhvcNAQEL\n"
    "BQAwGjEYMBYGA1UEAwwPVGVucGF5LmNvbSBzaWduMCIYDzIwODExMTExMTEwMTU1\n"
    "WhgPMjA4NjExMTAxMTAxNTVaMBoxGDAWBgNVBAMMD1RlbnBheS5jb20gc2lnbjCC\n"
    "ASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBANsi9GMlmD7xlgTaM/+YnQgH\n"
    "kQbxKNAUb50JfhuOQLcBh8l3H7VGZqADLGRqkK7sWJgJ7EXDRNzzZZGFkS9fzjPr\n"
    "XIr1x8HLIztXl1/az0ZcWU5Qh5hvMz/FUt30fPWhuMnM759xpL+Krs+czrcrNjmO\n"
    "VyW+36Y9pOXUoMnr1aW4xIBweoo2gbZgjdSNrYFtIA69KW2yTKYyBK93vixX2MVJ\n"
    "Qr19OyfogfjfAv6uVzjXErJGQyLikK6yQ2gefA1M/uD1zH1egVzrxI7gnA0KkqcV\n"
    "m8Ym7gmxWUnbb6dbXpX+L0EhxzgeuONn09EFgWvgugdbXCHgX+J+K1BtiBgtDk8C\n"
    "AwEAATANBgkqhkiG9w0BAQsFAAOCAQEAIrE5b0YpiIJ1TRGexmseiCVb5VKZSN90\n"
    "EfgxiMUPI16QgNux3HzVfzx9GO+VaokGsr6MXXJngoJ8XxLrjU493b8k/MpHgYrq\n"
    "vR6Xv3zPpVXcOHNHK6s4k6nz8pcXvBvV+KKhsh+J8dmLPfl9sD0yFPDDVEqS0S65\n"
    "zuih/Va6IpEoVhWh2jEW65pDBsaIluBndORIOlH5Div0NSKGoPkF2p90o60V15Y0\n"
    "gpXwIK6/3tn2897gG/q6SshZmDh78lEBRYGRDeU9JUtQo/K7O/GKAIfNiI3U4lg5\n"
    "U/d2HGCEbKaH1DR0EDQgfv6+vQ8yONs9Fp36R9nmOXQER5Sggmue8Q==\n"
    "-----END CERTIFICATE-----\n";

static const char notice_body[] =
    "{\"id\": \"EV-2018022511223320873\", \"create_time\": \"2026-11-18T19:01:55+08:00\", \"r"
    "esource_type\": \"encrypt-resource\", \"event_type\": \"TRANSACTION.SUCCESS\", \"summary"
    "\": \"支付成功\", \"resource\": {\"original_type\": \"transaction\", \"algorithm\": \"AEAD_A"
    "ES_256_GCM\", \"ciphertext\": \"5qbYOPy7Oup7ZAc+zAxjSxDAABo4GH590DilgbyqqwaGPrTJffKpYQwt"
    "ZhoYULf0eBP5VCGbIsFy9PQMV23bPQzdjXF9HKYzGXdvJAq1RfGQiUB+GF9/FwOy4moqZEGzl+oWEPuZh3hzOTWL"
    "1VDva9/TAqyHHb+F5peTW6K1jJD6ub+MMgcNkHiWK0iIDr/ZXC1ubDL2utzs4smUHA2o8fthwz0X5AYdAb3BEHrU"
    "aT3wRldT0xItAzCXg/XfvoOxEtx5raDBZaI8zsfhk7Psr7R/29I5e8aDP+McVsnjCqBe4fvV0vlGgtmo5BmMRYx+"
    "Nwq8s7QvfRhtPeWGtA+XTy2Ic0fy0DpOf4fInsDxMJnmE7OLORJiPjX0C4plgbbPz+tI+rFrwOSZvL9juprevSbv"
    "drK7S/IF2qoZAcfGQ+b/AcYznXP8kBovTmfO+iNBujNMVUr5NQPeRW6UDjwyq36oxhSmoBCQabg2dJoRLa2noG+W"
    "uTTjbsN6m5YXQvEhtPvU7s6q1lBFVwv+txyI5LfGZotEZT4p52gxVuLYybMSa9GufKODxu9OHQDuE6igvKYh8EDv"
    "dDYVMyi5dQSUyGbOTNfWiN1fW3jqAkZWWZhScFKJwtmbpqYeEdZtQ5E=\", \"associated_data\": \"trans"
    "action\", \"nonce\": \"fdasflkja484\"}}";

static const char notice_nonce[] = "593BEC0C930BF1AFEB40B4A08C8FB242";

static const char signed_by_public_key[] =
    "eFbTAJyxjYy4OOyqyJk/qlIni2N05d7tQOAz3iRTdnANtzBFBM6gTiXHFrGPmMMxgym1MU55p82FQ3veDeD383be"
    "EyLiloonbmp0ldbyucwkXm6g9Rztwgc3SH2ofiohr30B1uH9zw9r3wEKDDB8fVUnorNB8OXy+dnwHAER1ocWyShw"
    "1F7h6bG8uOPIP6LYPhs3c1ctA2agswGClN5pTrNIXClBFPWU9Cx1IngO0v9OUs2hKRxpNsbPXKKFFyiwdq1DpjFH"
    "slO59OgV3j6M9mB1+OuesWZx2Leu8SLV8q7xVlAqgJ94+jLSG26PrnOHrkqD7E2TuxK5jKBQ0BWQyw==";

static const char signed_by_certificate[] =
    "Aeeew34qXIEaJjeFvCIAzf1KkNsM1NgtBOLTmoy77bM03cwyFUhCg/pq/jW5Nm60HO+E5s8xGJB/3+rwDaq8xGbL"
    "FPzNjoeugzD1cbe8DvvENFBkezJ0D4OXkpT+SVOoCaSnrh93p6bSn3hMdHtgiQY5edxJwZvIKKW8e5OXs3A0NDdM"
    "E/YDFUVzNgs7V95LMtz7D6ii3HUQNWi8G2QSeVbSi8/9YDbc6cae7iliqIAZoFrKSOlbhdBAxDM8UqJ1wCHgFqmz"
    "MtlvpckLp1Ui5e06nlb5ZAprvNe2ZiAgWL3jgASLgYBeOhgD+O7WJYKr4F1j5bRHoOQ9RoQsZruCVw==";

#endif
