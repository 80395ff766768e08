"""Pages beside Airflow's own, on Airflow's server and behind its login."""
