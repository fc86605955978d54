-- Waits for those who count, and keeps others from it until the end of the transaction.
LOCK TABLE {schema}.job_slots IN SHARE ROW EXCLUSIVE MODE
