"""What condadeps costs, measured beside what people use today. Nothing here passes or fails a test."""
