"""What only a person can say of a document is asked in Airflow and recorded; flows never wait for it."""
