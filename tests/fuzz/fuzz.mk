# fuzz harnesses (make fuzz).
