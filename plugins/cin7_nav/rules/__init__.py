"""What follows from what: pure functions without I/O, Airflow or a clock."""
