"""The screens: Streamlit pages fed by one snapshot a process.

They read the database through `dashboard.data` alone, and never import streams or forecasting.
"""
