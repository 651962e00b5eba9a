"""The gateway: hosts the active language model and publishes events. It knows no Django and no database.

`service.py` is the way of one question; `flights.py`, `lanes.py` and `answers.py` keep many from piling up;
`hosting.py` holds what the core pushed; `publishing.py` speaks to RabbitMQ; `app.py` puts HTTP around them.
"""
