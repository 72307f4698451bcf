"""The one list of what is changed in upstream: each line is a function that says what and why.

Each looks at upstream's shape first and stops the start where it is not the expected one.
"""

from collections.abc import Callable

from agentfabric_offline.adaptations import (
    budget,
    builder,
    embedding,
    failures,
    files,
    kernel,
    knowledge,
    markup,
    models,
    page,
    plugins,
    sessions,
    state,
    users,
)
from agentfabric_offline.upstream import Upstream

Adaptation = Callable[[Upstream], None]

LIBRARY: tuple[Adaptation, ...] = (
    state.copy_what_is_read_relatively,
    state.keep_state_in_the_state_folder,
    state.name_files_of_users_literally,
    page.use_fonts_of_the_browser,
    page.strip_templates,
    page.use_a_local_placeholder,
    markup.show_names_as_text,
    page.show_a_small_picture,
    page.replace_publishing,
    models.offer_the_local_model_alone,
    models.ask_for_the_model_when_it_is_used,
    models.share_one_client,
    models.start_agents_with_what_is_here,
    models.hide_tools_that_need_the_internet,
    models.draw_no_logo,
    builder.ask_for_the_form,
    builder.show_the_answer_alone,
    budget.fit_prompts_into_the_context,
    budget.give_the_whole_knowledge_to_the_budget,
    budget.say_that_an_answer_was_cut,
    failures.tell_why_there_is_no_answer,
    failures.tell_why_nothing_is_configured,
    sessions.keep_the_request_in_every_step,
    sessions.end_sessions_with_their_page,
    sessions.keep_the_latest_of_a_chat,
    kernel.give_each_session_a_kernel,
    kernel.keep_uploads_apart,
    embedding.load_the_embedding_once,
    knowledge.unpack_sentence_data_once,
    knowledge.embed_each_file_once,
    plugins.read_schemas_as_they_are_written,
    plugins.call_services_with_a_limit,
    users.know_the_visitor_in_events,
    users.take_data_for_own_events_alone,
    files.keep_uploads_and_copies_apart,
    files.copy_only_what_the_visitor_may_have,
    files.take_only_files_that_were_uploaded,
    files.link_only_what_the_visitor_may_have,
    files.name_avatars_by_file_name,
    files.remove_broken_uploads,
    files.take_nothing_but_files_in_uploads,
    files.load_character_maps_by_name,
)
"""Applied in this order before upstream's page module is imported."""

PAGE: tuple[Adaptation, ...] = (
    page.hide_publishing,
    models.say_which_tools_are_hidden,
    models.say_which_model_answers_instead,
    knowledge.take_what_can_be_read,
    plugins.keep_plugins_to_their_agent,
    plugins.check_plugins_when_they_are_saved,
    users.take_the_name_from_the_login,
    failures.make_agents_when_they_are_missing,
    builder.remember_the_conversation,
)
"""Applied in this order after it is imported and before it is served."""
