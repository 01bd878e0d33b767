"""Markets of several machines in one process, with everything going wrong that can."""
