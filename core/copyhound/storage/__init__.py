"""Tables, repositories, unit of work, migrations, blobs. The only room that speaks SQL."""
