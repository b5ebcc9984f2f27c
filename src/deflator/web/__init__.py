"""The dashboard's service: live runs over a WebSocket, books, scenarios and answers over HTTP, on this machine.

`create_app` makes the application; `deflator serve` runs it. What belongs together stands in one file:

===================== =================================================================
`app`                 the application and its routes in one place
`guard`               who may ask: Host, Origin, token, sizes, rates; headers of answers
`limits`              every bound, by name
`shelf`               books and scenarios by name: shipped, kept, uploaded
`asking`              from what a page sends to a checked `Question`
`engine`              the one thread that owns the engine; who is served next
`live` `frames`       the WebSocket and the bytes on it
`jobs` `answers`      documents of pages, computed by a process of their own
`start` `tables`      what the page needs to begin; tables with their provenance
`uploads` `exports`   files in and out
===================== =================================================================
"""
