"""The web application that lands webhooks in the inbox; its own process, without Airflow."""
