"""Cin7 Core and Microsoft Dynamics NAV / Business Central, kept in agreement by Airflow DAGs."""
