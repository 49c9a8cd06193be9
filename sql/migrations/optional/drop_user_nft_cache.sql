-- Drops public.user_nft_cache of the older system, once everything in it has been taken over.
DO $$
DECLARE
    left_behind bigint;
BEGIN
    IF to_regclass('public.user_nft_cache') IS NULL THEN
        RETURN;
    END IF;
    PERFORM such_market.take_over_legacy();
    SELECT count(*) INTO left_behind FROM such_market.legacy_rejects WHERE source = 'user_nft_cache';
    IF left_behind > 0 THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE =
            format('%s holdings of public.user_nft_cache could not be taken over', left_behind),
            HINT = 'See such_market.legacy_rejects; mend or delete them in public.user_nft_cache.';
    END IF;
    DROP TABLE public.user_nft_cache;
END $$;
